"""Locks of a repository: who holds them, and the removal of those whose owner is proven dead."""

import json
import os
import re
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models import clock
from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.shapes import LockOwner

STALE_AFTER = timedelta(minutes=30)
"""A living restic renews its lock every five minutes; after this long without, restic itself takes it for dead."""
_LOCK_ID = re.compile(r"[0-9a-f]{64}")


def owners(restic: Restic) -> list[LockOwner]:
    """Who holds the repository, oldest first. Raises BackupError."""
    found = []
    for lock_id in _ids(restic):
        answer = restic.run("cat", "--no-lock", "lock", lock_id)
        if answer.code == 0:
            found.append(_owner(lock_id, json.loads(answer.output)))
        elif lock_id in _ids(restic):  # not merely released since
            raise restic.failure(answer.code, answer.messages)
    return sorted(found, key=lambda owner: owner.since)


def unlock(restic: Restic, is_dead: Callable[[LockOwner], bool]) -> list[LockOwner]:
    """Remove the locks when every owner is proven dead; those that were removed. Raises BackupError (LOCKED).

    One living owner is enough to leave all of them: what the dead one left hinders nobody more than the living one.
    """
    held = owners(restic)
    living = [owner for owner in held if _is_restic(owner) or not is_dead(owner)]
    if living:
        raise _locked(restic, living, "it is not proven dead; wait for it to end, or end it")
    if not held:
        return []
    if restic.repository.local:
        for owner in held:
            # By its name: no lock that was made since can be hit.
            (restic.repository.local / "locks" / owner.lock_id).unlink(missing_ok=True)
    else:
        _unlock_far(restic, held)
    left = set(_ids(restic))
    remaining = [owner for owner in held if owner.lock_id in left]
    if remaining:
        until = max(owner.since for owner in remaining) + STALE_AFTER
        raise _locked(
            restic, remaining, f"its owner is dead, but restic waits until {until:%H:%M:%S} UTC; try again then"
        )
    return held


def _is_restic(owner: LockOwner) -> bool:
    """Whether a restic lives here under the owner's number: then nothing that a clock says proves its death."""
    if owner.host != socket.gethostname():
        return False
    try:
        name, _, rest = Path(f"/proc/{owner.pid}/stat").read_text().partition("(")[2].rpartition(") ")
    except OSError:
        return False
    return "restic" in name and not rest.startswith("Z")


def _unlock_far(restic: Restic, held: Sequence[LockOwner]) -> None:
    """By `restic unlock`, never with --remove-all: it takes only locks that restic too finds dead.

    restic finds that out by a SIGHUP to the process, which would end another one that has the number now.
    """
    reused = [owner for owner in held if _is_number_in_use(owner)]
    if reused:
        raise _locked(
            restic,
            reused,
            "its owner is dead, but its number is in use, and `restic unlock` would send that process a SIGHUP; "
            f"try again after {max(owner.since for owner in reused) + STALE_AFTER:%H:%M:%S} UTC",
        )
    restic.done("unlock")


def _is_number_in_use(owner: LockOwner) -> bool:
    if owner.host != socket.gethostname() or clock.now() - owner.since > STALE_AFTER:
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ids(restic: Restic) -> list[str]:
    answer = restic.done("list", "--no-lock", "locks")
    return [line for line in answer.output.decode().split() if _LOCK_ID.fullmatch(line)]


def _owner(lock_id: str, told: dict[str, object]) -> LockOwner:
    since = datetime.fromisoformat(str(told["time"])).astimezone(UTC)
    return LockOwner(
        lock_id, str(told.get("hostname", "")), int(str(told.get("pid", 0))), since, bool(told.get("exclusive"))
    )


def _locked(restic: Restic, held: Sequence[LockOwner], next_step: str) -> BackupError:
    who = "; ".join(
        f"process {owner.pid} on {owner.host} since {owner.since:%Y-%m-%d %H:%M:%S} UTC"
        f"{' (alone)' if owner.exclusive else ''}"
        for owner in held[:3]
    )
    return BackupError(
        restic.repository.name, BackupFault.LOCKED, f"{restic.repository.shown()} is held by {who}: {next_step}"
    )
