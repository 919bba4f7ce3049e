"""A tree, a repository of archives and the sources that tests of the archive engine take."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage

from tasks.tools.backup.archive import ArchiveEngine, Repository
from tasks.tools.backup.shapes import Label, Limits, Stream, Taken, Tree

LIMITS = Limits(size=1 << 30, files=10_000, seconds=60)
AT = datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)
IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


def engine(folder: Path, name: str = "vault", **more: object) -> ArchiveEngine:
    """A prepared engine on `folder/NAME`."""
    found = ArchiveEngine(Repository(name, folder / name, folder / f"state-{name}", **{"create": True, **more}))
    found.prepare()
    return found


def encrypted(folder: Path, name: str = "vault", identity: str | None = str(IDENTITY)) -> ArchiveEngine:
    return engine(folder, name, recipients=(RECIPIENT,), identity=identity)


def label(number: int = 0, plan: str = "shop") -> Label:
    return Label(plan, f"R-{number}", "web1", AT + timedelta(hours=number))


def make_tree(folder: Path) -> Path:
    """Files of every kind that a tar must carry."""
    (folder / "sub" / ("long" * 30)).mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "random").write_bytes(os.urandom(3_000_000))
    (folder / "sub" / ("long" * 30) / ("name" * 30)).write_text("far in")
    (folder / "sub" / "link").symlink_to("../a.txt")
    (folder / "sub" / "far").symlink_to("/" + "x" * 200)
    os.link(folder / "a.txt", folder / "sub" / "twin")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9\n")).write_text("odd name")
    with (folder / "sparse").open("wb") as file:
        file.write(b"begin")
        file.seek(900_000)
        file.write(b"middle")
        file.truncate(2_000_000)
    (folder / "sub").chmod(0o750)
    os.utime(folder / "a.txt", ns=(0, 1_600_000_000_123_456_789))
    return folder


def stream(data: bytes, name: str = "dump.sql", *, is_tar: bool = False, finish=lambda: None) -> Stream:
    return Stream(name, io.BytesIO(data).read, finish, is_tar)


def take(where: ArchiveEngine, source: Tree | Stream | Path, number: int = 0, plan: str = "shop") -> Taken:
    tree = Tree((source,)) if isinstance(source, Path) else source
    return where.take(tree, label(number, plan), None, lambda _advance: None)


def restore(where: ArchiveEngine, point_id: str, to: Path):
    to.mkdir()
    return where.restore(point_id, to, LIMITS, lambda _advance: None)


def files_in(folder: Path) -> set[str]:
    """Every file of a repository except its locks, by its path."""
    return {
        os.fspath(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "locks"
    }
