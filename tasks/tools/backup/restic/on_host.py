"""A restore point that restic takes on the source's host itself, in the same repository as ours.

Only the backup runs there, as an owned command: what it is told of secrets is in its environment, and whoever ends
the command ends restic with proof. The point is listed, and its lists are read, by this machine's own restic.
"""

import json
import logging
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path

from models.errors import BackupError, HostError
from models.vocabulary import BackupFault
from tasks.tools.backup.host_files import HostTree, hashes_of, is_empty, listed, require
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.faults import failure
from tasks.tools.backup.restic.location import CONNECT_SECONDS, address, alias
from tasks.tools.backup.restic.locks import owners
from tasks.tools.backup.restic.points import TREE
from tasks.tools.backup.restic.process import Messages
from tasks.tools.backup.restic.program import OLDEST, Program, version_in
from tasks.tools.backup.restic.settling import settled
from tasks.tools.backup.restic.taking import PARTIAL_CODE, Attempt, undone, unread
from tasks.tools.backup.shapes import Advance, Label, Progress, Taken
from tasks.tools.backup.sources import NOT_FOUND, Reading, started, words_of
from tasks.tools.ssh import CommandFailed

log = logging.getLogger("watchbill.backups")

PIECE = 1 << 16
NOT_RUNNABLE = 126
KNOWN_HOSTS = "WATCHBILL_KNOWN_HOSTS"
# Gives the host's name, as restic writes it into a lock, and which of these processes are there.
_WHO = 'uname -n; for number; do [ ! -d "/proc/$number" ] || echo "$number"; done'


def take_on_host(restic: Restic, tree: HostTree, label: Label, progress: Progress) -> Taken:
    """Have a restore point written by the host's restic. Raises BackupError, HostError, and then leaves no point."""
    there = HostRestic(restic, tree)
    there.make_sure_of_program()
    require(tree)
    there.make_sure_of_repository()
    there.free_locks("locks-before")
    before = listed(tree, "list-before")
    if is_empty(before.entries):
        problem = f"nothing but folders in {tree.what}; see what became of it, or correct the paths"
        raise BackupError(label.plan, BackupFault.SOURCE_EMPTY, problem)
    attempt = Attempt(restic, label, TREE, progress)
    try:
        there.back_up(attempt)
        point = attempt.point(0, ())
        entries = hashes_of(tree, before.entries, _hashing(attempt, len(before.entries)))
        after = listed(tree, "list-after")
        entries, warnings = settled(restic, after.entries, point.point_id, entries, before.at_ns)
        return attempt.taken(point, entries, warnings)
    except BaseException as error:
        there.free_locks_after(error)
        undone(attempt, error)
        raise


def _hashing(attempt: Attempt, files: int) -> Callable[[int], None]:
    size = attempt.summary.get("total_bytes_processed", 0)
    return lambda done: attempt.progress(Advance(size, done, size, files))


@dataclass(frozen=True)
class HostRestic:
    """The restic of a host, and the repository as it is seen from there."""

    ours: Restic
    tree: HostTree

    @property
    def what(self) -> str:
        """As people know it."""
        return f"restic on {self.tree.host}"

    @cached_property
    def program(self) -> Program:
        """The restic of the host. Raises BackupError, HostError."""
        with started(self.tree.part("version"), ("restic", "version"), self.what, self._explain_absence) as reading:
            answer = b"".join(iter(lambda: reading.read(PIECE), b"")).decode(errors="replace")
        version = version_in(answer)
        if version is None:
            problem = f"it answered {answer.strip()[:200]!r} to `version`; install restic anew on {self.tree.host}"
            raise BackupError(self.what, BackupFault.NO_ENGINE, problem)
        return Program(Path("restic"), version)

    def make_sure_of_program(self) -> None:
        """Raises BackupError when the host has none, or one that is too old."""
        if self.program.version < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            words = f"{self.program}; install {oldest} or newer on {self.tree.host}, or take reading: stream"
            raise BackupError(self.what, BackupFault.OLD_ENGINE, f"it is {words}")

    def make_sure_of_repository(self) -> None:
        """Raises BackupError unless the host sees the same repository as we do: a folder may be another one there."""
        with self._started("config", "--json", "cat", "--no-lock", "config") as reading:
            answer = b"".join(iter(lambda: reading.read(PIECE), b""))
        try:
            theirs = json.loads(answer)["id"]
        except (ValueError, KeyError, TypeError) as error:
            raise self.ours.unclear((answer.decode(errors="replace")[:200],)) from error
        ours = self.ours.json("cat", "--no-lock", "config")["id"]
        if theirs != ours:
            raise BackupError(
                self.ours.repository.name,
                BackupFault.REFUSED_BY_US,
                f"{self.ours.repository.shown()} is another repository on {self.tree.host} ({theirs[:8]}) than here "
                f"({ours[:8]}); mount the same share on both machines, or take an address: sftp:, rest: or s3:",
            )

    def back_up(self, attempt: Attempt) -> None:
        """`restic backup` to its end. What the attempt's progress raises ends it."""
        excludes = [word for pattern in self.tree.excludes for word in ("--exclude", pattern)]
        arguments = attempt.arguments(*excludes, "--", *self.tree.paths)
        rest = b""
        with self._started("", *arguments) as reading:
            while piece := reading.read(PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    attempt.hear(line)
        attempt.hear(rest)

    def free_locks(self, part: str) -> None:
        """Have the host's restic remove the locks of the host's own dead: only there can it be proven."""
        held = owners(self.ours)
        if not held:
            return
        argv = ("sh", "-c", _WHO, "who", *(str(owner.pid) for owner in held))
        with started(self.tree.part(part), argv, self.what, self._explain_absence) as reading:
            name, *living = b"".join(iter(lambda: reading.read(PIECE), b"")).decode(errors="replace").split()
        numbers = {str(owner.pid) for owner in held if owner.host == name}
        # `restic unlock` finds the dead by a SIGHUP, which would end who has one of the numbers now.
        if not numbers or numbers & set(living):
            return
        with self._started(f"{part}.unlock", "unlock") as reading:
            reading.at_least = 0
            reading.finish()

    def free_locks_after(self, error: BaseException) -> None:
        """The same after an error, to which it adds what could not be done."""
        try:
            self.free_locks("locks-after")
        except (BackupError, HostError) as problem:
            error.add_note(f"whether the host's restic left a lock is not known: {problem}")

    def _started(self, part: str, *arguments: str) -> AbstractContextManager[Reading]:
        secrets = {"RESTIC_PASSWORD": self.ours.repository.password, **self.ours.repository.variables}
        plain = {"LC_ALL": "C", "TZ": "UTC", "RESTIC_PROGRESS_FPS": "4", **self._known_hosts()}
        has_password = self.ours.repository.shown() != self.ours.repository.where
        (secrets if has_password else plain)["RESTIC_REPOSITORY"] = address(self.ours.repository)
        origin = self.tree.part(part) if part else self.tree.origin
        argv = ("env", *(f"{name}={value}" for name, value in plain.items()), "restic", *self._options(), *arguments)
        return started(replace(origin, secrets=secrets), argv, self.what, self._explain)

    def _known_hosts(self) -> dict[str, str]:
        host = self.ours.repository.host
        if host is None:
            return {}
        return {KNOWN_HOSTS: "\n".join(f"{alias(host)} {key}" for key in host.host_keys)}

    def _options(self) -> list[str]:
        """With sftp: the site's address and pinned keys of the other host, and this host's own key to get in."""
        host = self.ours.repository.host
        if host is None:
            return []
        settings = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": "/dev/null",
            "GlobalKnownHostsFile": "/dev/null",
            "KnownHostsCommand": f"/usr/bin/printenv {KNOWN_HOSTS}",
            "HostKeyAlias": alias(host),
            "UpdateHostKeys": "no",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ServerAliveInterval": "10",
            "LogLevel": "ERROR",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        ssh = ["ssh", *options, "-p", str(host.port), f"{host.user}@{host.address}", "-s", "sftp"]
        return ["-o", f"sftp.command={shlex.join(ssh)}"]

    def _explain(self, error: CommandFailed) -> tuple[BackupFault, str]:
        """What restic's exit code and words say, as on this machine."""
        if error.exit_code in (NOT_FOUND, NOT_RUNNABLE):
            return self._explain_absence(error)
        heard = Messages()
        heard.listen(BytesIO(error.stderr.encode()))
        messages = heard.kept()
        if error.exit_code == PARTIAL_CODE:
            return BackupFault.SOURCE_UNREADABLE, unread(self.tree.host, messages)
        problem = failure(self.program, self.ours.repository, error.exit_code, messages)
        words = str(problem).removeprefix(f"{problem.what}: {problem.fault.value}: ")
        return problem.fault, words.replace("this machine", self.tree.host)

    def _explain_absence(self, error: CommandFailed) -> tuple[BackupFault, str]:
        host = self.tree.host
        if error.exit_code == NOT_FOUND:
            problem = f"restic is not on {host}, or not on the PATH of its account; install it there"
            return BackupFault.NO_ENGINE, f"{problem} (Debian: apt install restic), or take reading: stream"
        return BackupFault.NO_ENGINE, f"it cannot be used on {host}: {words_of(error)}; install restic anew there"
