"""A restore point of a stream: a host's tar, or a dump. Only a stream that was whole becomes a point."""

import hashlib
from collections.abc import Callable
from threading import Thread
from typing import Protocol

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.points import FILE, TAR
from tasks.tools.backup.restic.process import Running
from tasks.tools.backup.restic.taking import Attempt, undone
from tasks.tools.backup.shapes import Label, Progress, Stream, Taken
from tasks.tools.backup.tar_observer import TarObserver

PIECE = 1 << 20
FEEDER_SECONDS = 5
NEW_FILE_MODE = 0o644
"""What restic gives to the file that it makes of its standard input."""


class Observer(Protocol):
    """Passes a stream through and knows at the end what it held."""

    bytes_read: int

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end."""

    def entries(self) -> list[Entry]:
        """The manifest, once the stream has ended."""


class FileObserver:
    """A stream that is one file."""

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self.bytes_read = 0
        self._read = read
        self._name = name
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end."""
        piece = self._read(size)
        self._digest.update(piece)
        self.bytes_read += len(piece)
        return piece

    def entries(self) -> list[Entry]:
        """The one entry, once the stream has ended."""
        return [
            Entry(self._name, EntryKind.FILE, self.bytes_read, NEW_FILE_MODE, sha256=self._digest.hexdigest()),
        ]


def take_stream(restic: Restic, stream: Stream, label: Label, progress: Progress) -> Taken:
    """Write a restore point of what the stream gives. Raises BackupError, and then leaves no point."""
    attempt = Attempt(restic, label, TAR if stream.is_tar else FILE, progress)
    observer: Observer = (
        TarObserver(stream.read, stream.name) if stream.is_tar else FileObserver(stream.read, stream.name)
    )
    try:
        with restic.started(*attempt.arguments("--stdin", "--stdin-filename", stream.name), is_fed=True) as running:
            feeder = _Feeder(running, stream, observer, label)
            feeder.start()
            code = attempt.listen(running)
            # A source that hangs cannot be waited for: whoever made it ends it when this raises.
            feeder.join(FEEDER_SECONDS)
            messages = running.messages()
        feeder.raise_problem()
        point = attempt.point(code, messages)
        return attempt.taken(point, observer.entries(), stream.warnings())
    except BaseException as error:
        undone(attempt, error)
        raise


class _Feeder(Thread):
    """Moves the stream into restic. When the source fails it ends restic, which has seen no end of its input."""

    def __init__(self, running: Running, stream: Stream, observer: Observer, label: Label) -> None:
        super().__init__(name="feeder", daemon=True)
        self._problem: BaseException | None = None
        self._running = running
        self._stream = stream
        self._observer = observer
        self._label = label

    def run(self) -> None:
        """Until the end of the stream."""
        try:
            while piece := self._observer.read(PIECE):
                self._running.feed(piece)
            self._stream.finish()
            self._make_sure_of_something()
            self._running.end_of_input()
        except (BrokenPipeError, ConnectionResetError):
            return  # restic ended first, and says why
        except BaseException as problem:  # noqa: BLE001  # raised again by the thread that waits for us
            self._problem = problem
            self._running.end()

    def raise_problem(self) -> None:
        """Raise what went wrong with the source."""
        if self._problem:
            raise self._problem

    def _make_sure_of_something(self) -> None:
        if not self._stream.is_tar:
            if self._observer.bytes_read:
                return
        elif any(entry.kind is not EntryKind.FOLDER for entry in self._observer.entries()):
            return
        raise BackupError(
            self._label.plan,
            BackupFault.SOURCE_EMPTY,
            f"{self._stream.name} of {self._label.host} ended well and holds nothing; see what became of its source",
        )
