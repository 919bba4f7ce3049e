"""A restic that runs: in a session of its own, ended with us, its words bounded."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Thread, Timer
from typing import IO

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.faults import NO_SPACE
from tasks.tools.capture import plain

FIRST_MESSAGES, LAST_MESSAGES, MESSAGE_BYTES = 100, 400, 4096
END_SECONDS = 15
"""How long an interrupted restic may take to remove its lock."""
POLL_SECONDS = 0.02
PIECE = 1 << 16
HEEDED = "signal interrupt received"
FULL_SECONDS = 60
"""How long restic may go on after it was told so: 0.14 was seen to wait for ever, now and then."""
SOCKET_BYTES = 1 << 20


class Running:
    """One restic. It dies with the thread that started it, which is the one that must wait for it."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], *, is_fed: bool = False) -> None:
        ours, its = socket.socketpair() if is_fed else (None, None)
        setpriv = shutil.which("setpriv")
        # restic removes its lock on SIGINT; 0.14 leaves it behind on SIGTERM. A newer one that is fed does not heed
        # it while it waits for input.
        command = [setpriv, "--pdeathsig", "KILL" if is_fed else "INT", *argv] if setpriv else list(argv)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=its.fileno() if its else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
                # It holds our end of its standard input too: when we are killed it sees no end of the stream, so it
                # cannot take half a stream for a whole one in the moment before the signal reaches it.
                pass_fds=(ours.fileno(),) if ours else (),
            )
        except OSError as error:
            if ours:
                ours.close()
            raise BackupError("restic", BackupFault.NO_ENGINE, f"{argv[0]} cannot be started: {error}") from error
        finally:
            if its:
                its.close()
        if ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        self._input = ours
        self._too_long_full = Timer(FULL_SECONDS, self.end)
        self._too_long_full.daemon = True
        self._messages = Messages(self._too_long_full.start)
        self._listener = Thread(target=self._messages.listen, args=(_pipe(self._process.stderr),), daemon=True)
        self._listener.start()

    @property
    def output(self) -> IO[bytes]:
        """What it writes to its standard output."""
        return _pipe(self._process.stdout)

    def feed(self, piece: bytes) -> None:
        """Give it bytes. Raises BrokenPipeError when it has ended."""
        if self._input:
            self._input.sendall(piece)

    def end_of_input(self) -> None:
        """Say that the stream was whole: only now can it write a restore point."""
        if self._input:
            self._input.shutdown(socket.SHUT_WR)

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        code = self._process.wait(seconds)
        self._too_long_full.cancel()
        self._listener.join(END_SECONDS)
        return code

    def messages(self) -> tuple[str, ...]:
        """What it said on its standard error, so far."""
        return self._messages.kept()

    def end(self) -> None:
        """End it if it runs: kindly, so that it removes its lock, then by force."""
        if self._process.poll() is not None:
            return
        self._signal(signal.SIGINT)
        until = time.monotonic() + END_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            if self._input and any(HEEDED in message for message in self.messages()):
                # It has given up, so the end of its input makes nothing whole; it only wakes it.
                with suppress(OSError):
                    self._input.shutdown(socket.SHUT_WR)
            time.sleep(POLL_SECONDS)
        if self._process.poll() is None:
            self._signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it and let go of its pipes. Only whoever read its output may call this."""
        if self._process.poll() is None:
            # One that waits for a reader does not heed the signal, and a broken pipe would end it with its lock left.
            Thread(target=self._drop_output, daemon=True).start()
        self.end()
        self._too_long_full.cancel()
        if self._input:
            self._input.close()
        self._listener.join(END_SECONDS)
        self.output.close()

    def _drop_output(self) -> None:
        with suppress(OSError, ValueError):
            while os.read(self.output.fileno(), PIECE):
                pass

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Messages:
    """The first and the last lines of restic's standard error; of JSON ones the sentence inside.

    `on_full` is called once, when restic says that its target has no room.
    """

    def __init__(self, on_full: Callable[[], None] = lambda: None) -> None:
        self._on_full = on_full
        self._is_full = False
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST_MESSAGES)

    def listen(self, stream: IO[bytes]) -> None:
        """Read until the end."""
        with stream, suppress(ValueError, OSError):
            while line := stream.readline(MESSAGE_BYTES):
                sentence = _sentence(line)
                if not sentence:
                    continue
                if NO_SPACE in sentence and not self._is_full:
                    self._is_full = True
                    self._on_full()
                if len(self._first) < FIRST_MESSAGES:
                    self._first.append(sentence)
                else:
                    self._last.append(sentence)

    def kept(self) -> tuple[str, ...]:
        """What was kept, in order."""
        return (*self._first, *self._last.copy())


def _sentence(line: bytes) -> str:
    text = line.strip()
    if text.startswith(b"{"):
        with suppress(ValueError, AttributeError, TypeError):
            told = json.loads(text)
            inner = told.get("error") or {}
            said = told.get("message") or (inner.get("message") if isinstance(inner, dict) else inner) or ""
            item = told.get("item")
            return plain(f"{item}: {said}".encode() if item else str(said).encode()).strip()
    return plain(text)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process has no such pipe")
    return pipe
