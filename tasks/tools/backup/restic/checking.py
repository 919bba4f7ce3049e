"""Checks a repository: its structure, and slice by slice all of its data."""

import json
import re
import time
from collections.abc import Iterable, Sequence

from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.faults import fault_of
from tasks.tools.backup.restic.points import Points
from tasks.tools.backup.shapes import Checked

MOST_FAULTS = 100
_HEX = "[0-9a-f]{64}"
_PACK = re.compile(rf"\bpack ({_HEX})|Pack ID does not match, want ({_HEX})")
_SUMMARY = ("repository contains errors", "the repository is damaged", "damaged pack files", "restic repair")
_UNUSED = re.compile(r"not referenced in any index|additional files were found|non-critical")


def check(restic: Restic, part: Slice | None) -> Checked:
    """Check the structure; with a slice, read that part of the data too. Raises BackupError when it cannot be checked.

    Damage is an answer, not an error: `faults`, with the points that are known to be touched.
    """
    started = time.monotonic()
    arguments = ["check", "--json"]
    if part:
        arguments.append(f"--read-data-subset={part}")
    answer = restic.run(*arguments)
    if answer.code == 0:
        return Checked(part, time.monotonic() - started)
    error = restic.failure(answer.code, answer.messages)
    if fault_of(restic.program, answer.code, answer.messages) is not BackupFault.DAMAGED:
        raise error
    packs = _packs(answer.messages, answer.output)
    faults = _faults(answer.messages) or (str(error),)
    return Checked(part, time.monotonic() - started, faults, _touched(restic, packs))


def _faults(messages: Sequence[str]) -> tuple[str, ...]:
    """What is wrong, without restic's advice to repair: no repair is ever automatic."""
    told = [
        line.strip()
        for message in messages
        for line in message.splitlines()
        if line.strip() and not any(word in line.lower() for word in _SUMMARY) and not _UNUSED.search(line)
    ]
    return tuple(told[:MOST_FAULTS])


def _packs(messages: Iterable[str], output: bytes) -> list[str]:
    found = {pack for message in messages for groups in _PACK.findall(message) for pack in groups if pack}
    for line in output.splitlines():
        if line.startswith(b"{"):
            found.update(json.loads(line).get("broken_packs") or ())
    return sorted(found)


def _touched(restic: Restic, packs: Sequence[str]) -> tuple[str, ...]:
    """The points that need one of these packs. Asked point by point: restic names only the first one of each."""
    touched = []
    for point in Points(restic).every() if packs else ():
        answer = restic.run("find", "--json", "--no-lock", "--snapshot", point.point_id, "--pack", *packs)
        # A point whose own lists are in the lost pack cannot even be searched.
        if answer.code != 0 or b'"snapshot"' in answer.output:
            touched.append(point.point_id)
    return tuple(touched)
