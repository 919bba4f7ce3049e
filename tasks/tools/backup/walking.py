"""A walk over files of this machine, as restic and tar would bring them back: relative to the root, folders first."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.excludes import left_out
from tasks.tools.backup.shapes import Tree

KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.FOLDER, stat.S_IFLNK: EntryKind.LINK}


def walk(tree: Tree) -> Iterator[Entry]:
    """Every path of the tree without its hash, the folders above it included.

    A folder comes before what is in it. What vanishes during the walk is not there. Raises BackupError when a
    source is missing or cannot be read.
    """
    is_left_out = left_out(tree.excludes)
    seen: set[str] = set()
    for path in sorted({_absolute(path) for path in tree.paths}):
        for entry in _one_source(path, is_left_out):
            if entry.path not in seen:
                seen.add(entry.path)
                yield entry


def walk_below(folder: Path) -> Iterator[Entry]:
    """Every path below a folder of our own; one that does not let its owner in is opened up, its mode as it was."""
    return _below(os.fspath(folder), "", lambda _path: False, _open_up)


def remove_tree(folder: Path) -> None:
    """Remove a folder of our own with all that is in it, however deep and whatever its permissions."""
    if not folder.is_dir() or folder.is_symlink():
        return
    folders = [folder]
    folder.chmod(0o700)
    for entry in walk_below(folder):  # a folder comes before it is listed
        path = folder / entry.path
        if entry.kind is EntryKind.FOLDER:
            path.chmod(0o700)
            folders.append(path)
        else:
            path.unlink(missing_ok=True)
    for path in reversed(folders):
        path.rmdir()


def entry_of(path: str, found: os.stat_result, target: str = "") -> Entry:
    """The entry of one path as the kernel describes it, without a hash."""
    kind = KINDS.get(stat.S_IFMT(found.st_mode), EntryKind.OTHER)
    return Entry(
        path,
        kind,
        found.st_size if kind is EntryKind.FILE else 0,
        stat.S_IMODE(found.st_mode),
        found.st_mtime_ns,
        found.st_uid,
        found.st_gid,
        "",
        target,
        found.st_ino,
        found.st_ctime_ns,
    )


def unreadable(path: Path | str, error: OSError) -> BackupError:
    """The error for a path that is missing, or that we may not or cannot read."""
    if isinstance(error, FileNotFoundError):
        return BackupError(
            shown(path), BackupFault.SOURCE_MISSING, "nothing is there; give the plan the right path in backups.yaml"
        )
    return BackupError(
        shown(path),
        BackupFault.SOURCE_UNREADABLE,
        f"{error.strerror or error}; let the worker read it, or exclude it in backups.yaml",
    )


def shown(path: Path | str) -> str:
    """A path for people: control characters, and bytes that are no text, are escaped."""
    text = os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _absolute(path: Path) -> str:
    if not path.is_absolute():
        raise BackupError(shown(path), BackupFault.SOURCE_MISSING, "the path is relative; give it from the root on")
    return os.fspath(Path("/", os.path.normpath(path).lstrip("/")))


def _one_source(path: str, is_left_out: Callable[[str], bool]) -> Iterator[Entry]:
    above = [*reversed(Path(path).parents)][1:]
    for folder in above:
        yield entry_of(os.fspath(folder).lstrip("/"), _stat(os.fspath(folder)))
    found = _stat(path)
    if is_left_out(path):
        return
    name = path.lstrip("/")
    if name:
        yield entry_of(name, found, os.fspath(Path(path).readlink()) if stat.S_ISLNK(found.st_mode) else "")
    if stat.S_ISDIR(found.st_mode):
        yield from _below(path, f"{name}/" if name else "", is_left_out, unreadable)


def _stat(path: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _below(
    folder: str, prefix: str, is_left_out: Callable[[str], bool], refused: Callable[[str, OSError], BackupError | None]
) -> Iterator[Entry]:
    """Every path below; `refused` gives the error to raise for a folder that cannot be listed, or makes it listable."""
    open_folders = [(prefix, iter(_listed(folder, refused)))]
    while open_folders:
        prefix, children = open_folders[-1]
        child = next(children, None)
        if child is None:
            open_folders.pop()
        elif not is_left_out(child.path):
            try:
                found = child.stat(follow_symlinks=False)
                target = os.readlink(child.path) if child.is_symlink() else ""  # noqa: PTH115  # it is no Path
            except FileNotFoundError:
                continue
            except OSError as error:
                raise unreadable(child.path, error) from error
            yield entry_of(prefix + child.name, found, target)
            if stat.S_ISDIR(found.st_mode):
                open_folders.append((f"{prefix}{child.name}/", iter(_listed(child.path, refused))))


def _listed(folder: str, refused: Callable[[str, OSError], BackupError | None]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as children:
            return sorted(children, key=lambda child: child.name)
    except FileNotFoundError:
        return []  # it vanished between its parent's listing and its own
    except OSError as error:
        if problem := refused(folder, error):
            raise problem from error
    with os.scandir(folder) as children:
        return sorted(children, key=lambda child: child.name)


def _open_up(folder: str, error: OSError) -> BackupError | None:
    try:
        Path(folder).chmod(0o700)
    except OSError:
        return unreadable(folder, error)
    return None
