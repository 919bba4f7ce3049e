"""A real restic and a repository of its own, for each version that this machine has."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from models import clock
from models.rules.manifests import compare
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.restic import Repository, ResticEngine
from tasks.tools.backup.shapes import Advance, Label, Limits, Taken, Tree
from tests.quick_restic import quicken
from tests.servers import need

OTHERS = "WATCHBILL_OTHER_RESTICS"
"""Programs of other versions, separated by colons: the drills run with each of them too."""
PASSWORD = "a drill's password"
LIMITS = Limits(size=1 << 30, files=10_000, seconds=120)


def versions() -> list[str]:
    """`installed`, and the others that the environment names."""
    return ["installed", *filter(None, os.environ.get(OTHERS, "").split(":"))]


def program(version: str) -> Path:
    """The restic of a version; the drill skips where there is none."""
    return need("restic") if version == "installed" else Path(version)


def silent(_advance: Advance) -> None:
    """Nobody watches."""


@dataclass
class Vault:
    """A repository, the engine that keeps it, and a tree to back up."""

    folder: Path
    program: Path
    runs: int = 0
    engine: ResticEngine = field(init=False)

    def __post_init__(self) -> None:
        self.tree.mkdir(parents=True)
        self.engine = self.opened()

    @property
    def tree(self) -> Path:
        return self.folder / "source"

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def opened(self, where: Path | str | None = None, **changes: object) -> ResticEngine:
        """An engine on this repository, or on another place."""
        options = {"create": True, **changes}
        name = str(options.pop("name", "drill"))
        password = str(options.pop("password", PASSWORD))
        repository = Repository(
            name,
            str(where or self.repository),
            password,
            self.folder / f"state-{name}",
            **options,  # type: ignore[arg-type]  # as the test says
        )
        return ResticEngine(repository, self.program)

    def fill(self, megabytes: int, files: int = 8) -> None:
        """Files that do not compress."""
        for number in range(files):
            (self.tree / f"file-{number}").write_bytes(os.urandom((megabytes << 20) // files))

    def take(self, run: str | None = None, previous: Path | None = None) -> Taken:
        """A restore point of the tree."""
        self.runs += 1
        label = Label("shop", run or f"RUN{self.runs}", "web1", clock.now())
        return self.engine.take(Tree((self.tree,)), label, previous, silent)

    def restored(self, point_id: str, name: str = "restored") -> Path:
        """A copy of a point."""
        to = self.folder / name
        to.mkdir()
        self.engine.restore(point_id, to, LIMITS, silent)
        return to

    def prove(self, taken: Taken, name: str = "proof") -> None:
        """Restore a point and compare it. Raises AssertionError when it differs."""
        to = self.restored(taken.point_id, name)
        assert list(compare(read_manifest(taken.manifest), manifest_of_restored(to))) == []

    def packs(self) -> list[Path]:
        """The repository's packs of data, the largest first."""
        found = [path for path in (self.repository / "data").rglob("*") if path.is_file()]
        return sorted(found, key=lambda path: -path.stat().st_size)


def mounted(folder: Path, size: str) -> bool:
    """Put a small disk there; False where nobody may mount."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=versions())
def vault(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """An empty repository for each restic of this machine."""
    quicken(monkeypatch)
    made = Vault(tmp_path / "v", program(request.param))
    made.engine.prepare()
    return made
