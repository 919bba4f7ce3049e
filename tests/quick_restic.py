"""Repositories of restic's engine that open in milliseconds: for what is not about their keys."""

from typing import Any

import pytest

from tasks.tools.backup.restic.calls import Answer, Restic
from tests.faults.quick_restic import make_repository


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the engine makes by `restic init`, in a folder of this machine, be quick."""
    plain = Restic.done

    def done(self: Restic, *arguments: str, **options: Any) -> Answer:
        folder = self.repository.local
        if arguments != ("init",) or folder is None:
            return plain(self, *arguments, **options)
        make_repository(folder, self.repository.password)
        return Answer(0, b"", ())

    monkeypatch.setattr(Restic, "done", done)
