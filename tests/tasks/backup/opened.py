"""Sources as an engine reads them, in tests: whole or not at all."""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import Stream
from tasks.tools.backup.sources import Origin
from tasks.tools.ssh import HostPool, Target, local
from tests.drills.ssh_lab import new_key


def origin(pool: HostPool, target: Target, **changes: Any) -> Origin:
    """Where a source is, with a key of its own."""
    given: dict[str, Any] = {"plan": "shop", "key": new_key(), "deadline_seconds": 60, **changes}
    return Origin(pool=pool, target=target, **given)


def taken(opened: AbstractContextManager[Stream]) -> bytes:
    """All that a source gives, when it ends well."""
    with opened as stream:
        pieces = []
        while piece := stream.read(100_000):
            pieces.append(piece)
        stream.finish()
    return b"".join(pieces)


def unpacked(opened: AbstractContextManager[Stream], to: Path) -> dict[str, Path]:
    """A source that is a tar, unpacked; its files by name."""
    with tarfile.open(fileobj=io.BytesIO(taken(opened))) as tar:
        tar.extractall(to, filter="data")
        return {name: to / name for name in tar.getnames()}


@contextmanager
def refused(fault: BackupFault, *words: str) -> Iterator[None]:
    """Expects a fault whose message has all these words."""
    with pytest.raises(BackupError) as failure:
        yield
    assert failure.value.fault is fault, str(failure.value)
    for word in words:
        assert word in str(failure.value)


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], *, only: bool = False) -> None:
    """Put shell scripts before (or instead of) the programs that a command on this machine finds."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(local, "PATH", str(folder) if only else f"{folder}{os.pathsep}{local.PATH}")


def left_in(folder: Path) -> list[str]:
    """What sources left in the folder for their dumps."""
    return [path.name for path in folder.glob("watchbill-*")]
