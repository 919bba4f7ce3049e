"""Files over owned streams: one file there or back, verified by size and hash, and a tree as one tar."""

import hashlib
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

from models.errors import HostError
from models.vocabulary import HostFault, Outcome
from tasks.tools.capture import plain
from tasks.tools.ssh.calls import Reader
from tasks.tools.ssh.pool import HostPool
from tasks.tools.ssh.shapes import OwnedCommand, Target
from tasks.tools.ssh.streams import Ending, Stream

PIECE_BYTES = 1024 * 1024
PROBE_SECONDS = 60
LONGEST_SECONDS = 6 * 3600

# OpenSSL hashes three times as fast as Debian's sha256sum, where it is installed.
_HASH = 'if command -v openssl >/dev/null; then openssl dgst -sha256 -r <"$1"; else sha256sum <"$1"; fi'
_TAKE = f"""
trap 'rm -f -- "$1"' EXIT
trap 'exit 143' TERM HUP
umask 077
cat >"$1" || exit
size=$(wc -c <"$1")
[ "$size" -eq "$2" ] || {{ echo "$size bytes of $2 arrived" >&2; exit 1; }}
chmod "$3" -- "$1" || exit
[ "$4" = no ] || sync -- "$1" || exit
{_HASH} || exit
trap - EXIT
"""
_PLACE = '[ ! -d "$2" ] || { echo "it is a folder" >&2; exit 1; }; exec mv -f -- "$1" "$2"'
_CHECK = f'wc -c <"$1" && {_HASH}'
_MISSING = """
number=0
for path; do
    [ -e "$path" ] || [ -L "$path" ] || echo $number
    number=$((number + 1))
done
"""
_TAR = (
    "tar",
    "--create",
    "--file=-",
    "--format=posix",
    "--pax-option=delete=atime,delete=ctime",
    "--numeric-owner",
    "--sort=name",
    "--directory=/",
)
_DIFFERS = 1
"""GNU tar's exit code when a file changed or went away while it was read."""


@dataclass(frozen=True)
class Way:
    """Under which key and for how long at most something is carried."""

    key: str
    deadline_seconds: int = LONGEST_SECONDS
    flush: bool = True
    """A file that arrived is on the disk before it takes its name. Costs what the disk costs."""

    def command(self, *argv: str, part: str = "") -> OwnedCommand:
        """An owned command of this transfer; each part has a key of its own."""
        return OwnedCommand(f"{self.key}{part}", argv, self.deadline_seconds)


@dataclass(frozen=True)
class Source:
    """Files of a host by their absolute paths, without what matches one of the patterns."""

    paths: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    """Shell patterns as restic's --exclude reads them: `*` stays within a name, `**` does not, and a pattern that
    does not begin with a slash matches at any depth."""
    one_file_system: bool = False


@dataclass(frozen=True)
class Copied:
    """A file that arrived whole."""

    size: int
    sha256: str
    seconds: float


class MissingSource(HostError):
    """What is to be read is not there; nothing was read."""

    def __init__(self, host: str, paths: tuple[str, ...]) -> None:
        self.paths = paths
        verb = "is" if len(paths) == 1 else "are"
        super().__init__(host, HostFault.COMMAND, f"{', '.join(paths)} {verb} not there; nothing was read")


class _Measured:
    """A stream as it is read."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int) -> bytes:
        """See Reader."""
        piece = self._source.read(size)
        self.size += len(piece)
        self._hash.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        """Of what was read."""
        return self._hash.hexdigest()


class _Sent:
    """A file as it is sent; hashed after that, while the host hashes what it has."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._over = threading.Event()
        self._given_up = False

    def read(self, size: int) -> bytes:
        """See Reader."""
        piece = self._file.read(size)
        if not piece:
            self._over.set()
        return piece

    def give_up(self) -> None:
        """Nobody asks for the hash any more."""
        self._given_up = True
        self._over.set()

    def sha256(self) -> str:
        """Of the whole file, once it was sent."""
        self._over.wait()
        if self._given_up:
            return ""
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()


def put(pool: HostPool, target: Target, source: Path, destination: str, way: Way) -> Copied:
    """Copy a file to a host, whole or not at all, with its mode. Raises HostError, or OSError of the source."""
    started = time.monotonic()
    part = f"{destination}.{way.key.rpartition('/')[2]}.part"
    with source.open("rb") as file:
        status = os.fstat(file.fileno())
        words = (part, str(status.st_size), f"{status.st_mode & 0o7777:o}", "yes" if way.flush else "no")
        take = way.command("sh", "-c", _TAKE, "put", *words)
        try:
            sha256 = _send(pool, target, take, file)
            place = way.command("sh", "-c", _PLACE, "put", part, destination, part=".place")
            _run(pool, target, place, destination)
        except HostError:
            pool.run(target, way.command("rm", "-f", "--", part, part=".undo"))
            raise
    return Copied(status.st_size, sha256, time.monotonic() - started)


def _send(pool: HostPool, target: Target, take: OwnedCommand, file: BufferedReader) -> str:
    """The hash of what arrived. Raises HostError when the file has another one."""
    sent = _Sent(file)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="hashing") as executor:
        wanted = executor.submit(sent.sha256)
        try:
            with pool.stream(target, take, stdin=sent, knows_its_end=True) as stream:
                arrived = stream.read().split()[:1]
                stream.finish()
        except BaseException:
            sent.give_up()
            raise
    if arrived != [wanted.result().encode()]:
        problem = f"{file.name} changed while it was sent, or arrived damaged"
        raise HostError(target.name, HostFault.COMMAND, problem)
    return wanted.result()


def get(pool: HostPool, target: Target, source: str, destination: Path, way: Way) -> Copied:
    """Copy a file from a host, whole or not at all. Raises HostError, or OSError of the destination."""
    started = time.monotonic()
    require(pool, target, (source,), way)
    part = destination.with_name(f"{destination.name}.{way.key.rpartition('/')[2]}.part")
    try:
        with (
            part.open("wb") as file,
            pool.stream(target, way.command("cat", "--", source)) as stream,
        ):
            measured = _Measured(stream)
            while piece := measured.read(PIECE_BYTES):
                file.write(piece)
            stream.finish()
            file.flush()
            if way.flush:
                os.fsync(file.fileno())
        said = _run(pool, target, way.command("sh", "-c", _CHECK, "get", source, part=".check"), source).split()
        if said[:2] != [str(measured.size), measured.sha256]:
            raise HostError(target.name, HostFault.COMMAND, f"{source} changed while it was read, or arrived damaged")
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
    return Copied(measured.size, measured.sha256, time.monotonic() - started)


class TreeStream:
    """A host's files as one tar: `read` until there is nothing more, then `finish`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def read(self, size: int = PIECE_BYTES) -> bytes:
        """Up to so many bytes, none at the end. Raises HostError when the line died."""
        return self._stream.read(size)

    def finish(self) -> Ending:
        """How it ended; with exit code 1 its words say which files changed meanwhile. Raises HostError.

        A file that could not be read is an error (CommandFailed, exit code 2), never a smaller tree.
        """
        return self._stream.finish(good=(0, _DIFFERS))


def tree_of(pool: HostPool, target: Target, source: Source, way: Way) -> TreeStream:
    """A host's files as one tar, their names without the leading slash; a context manager.

    Raises MissingSource before anything is read, or HostError.
    """
    relative = [path for path in source.paths if not path.startswith("/")]
    if relative or not source.paths:
        problem = f"{relative[0]!r} is no absolute path" if relative else "there is no path"
        raise HostError(target.name, HostFault.REFUSED_BY_US, f"{problem}; nothing was sent")
    require(pool, target, source.paths, way)
    options = [option for pattern in source.excludes for option in _exclude(pattern)]
    options += ["--one-file-system"] if source.one_file_system else []
    names = [path.strip("/") or "." for path in source.paths]
    return TreeStream(pool.stream(target, way.command(*_TAR, *options, "--", *names)))


def require(pool: HostPool, target: Target, paths: tuple[str, ...], way: Way) -> None:
    """Are all of them there? Raises MissingSource, or HostError when nobody can tell."""
    probe = OwnedCommand(f"{way.key}.probe", ("sh", "-c", _MISSING, "probe", *paths), PROBE_SECONDS)
    numbers = _run(pool, target, probe, "the look whether the source is there").split()
    if numbers:
        raise MissingSource(target.name, tuple(paths[int(number)] for number in numbers))


def _run(pool: HostPool, target: Target, command: OwnedCommand, what: str) -> str:
    """What a command printed that ended well. Raises HostError."""
    result = pool.run(target, command)
    if result.outcome is not Outcome.OK:
        said = plain(result.stderr.head).strip()[-300:]
        problem = f"{what}: {result.message}{': ' if said else ''}{said}"
        raise HostError(target.name, result.fault or HostFault.COMMAND, problem)
    return result.stdout.text()


def _exclude(pattern: str) -> list[str]:
    """The options of GNU tar that mean the same as restic's pattern."""
    where = "--anchored" if pattern.startswith("/") else "--no-anchored"
    pattern = pattern.strip("/")
    if "**" not in pattern:
        return [where, "--wildcards", "--no-wildcards-match-slash", f"--exclude={pattern}"]
    # `**` is any number of folders, also none; tar's own `*` is any number of characters, also slashes.
    patterns = {re.sub(r"\*\*+", "*", pattern), re.sub(r"\*\*+/", "", pattern)}
    options = [where, "--wildcards", "--wildcards-match-slash"]
    return options + [f"--exclude={text}" for text in sorted(patterns) if text]
