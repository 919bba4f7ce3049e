"""The two ways to a stream's wrapper: a channel of a connection, or a process of this machine."""

import contextlib
import fcntl
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import paramiko

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.inbox import Inbox
from tasks.tools.ssh.line import Line
from tasks.tools.ssh.shapes import Target

WINDOW_BYTES = 4 * 1024 * 1024
"""What may be under way, and so what a slow reader makes us hold."""
PACKET_BYTES = 256 * 1024
SENT_BYTES = 32 * 1024
"""As much as an sshd takes in one packet."""
PIPE_BYTES = 1024 * 1024
SEND_SECONDS = 1.0
END_SECONDS = 5


class Pipe(Protocol):
    """Bytes both ways, and beside them what the wrapper says."""

    def send(self, data: memoryview) -> int:
        """Send some of it; how much, 0 when there is no room for a second. Raises BrokenPipeError."""

    def end_input(self) -> None:
        """Nothing more will be sent."""

    def receive(self, size: int, seconds: float) -> bytes:
        """Up to so many bytes, none at the end. Raises TimeoutError."""

    def control(self) -> bytes:
        """What the wrapper has said since the last call."""

    @property
    def ended(self) -> bool:
        """Is the wrapper known to have ended?"""

    def close(self) -> None:
        """Hang up: the command is ended by its host, unless it has ended."""


class ChannelPipe:
    """A channel of one of our own connections."""

    def __init__(self, line: Line, call: bytes) -> None:
        """Raises NoChannel."""
        sizes = {"window_size": WINDOW_BYTES, "max_packet_size": PACKET_BYTES}
        self._channel = line.open(call, _use_inbox, **sizes)

    def send(self, data: memoryview) -> int:
        """See Pipe."""
        self._channel.settimeout(SEND_SECONDS)
        try:
            sent = self._channel.send(bytes(data[:SENT_BYTES]))
        except TimeoutError:
            return 0
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise BrokenPipeError from error
        if not sent:
            raise BrokenPipeError
        return sent

    def end_input(self) -> None:
        """See Pipe."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.shutdown_write()

    def receive(self, size: int, seconds: float) -> bytes:
        """See Pipe."""
        self._channel.settimeout(seconds)
        try:
            return self._channel.recv(size)
        except TimeoutError:
            raise
        except (OSError, EOFError, paramiko.SSHException):
            return b""

    def control(self) -> bytes:
        """See Pipe."""
        said = b""
        while self._channel.recv_stderr_ready():
            said += self._channel.recv_stderr(65536)
        return said

    @property
    def ended(self) -> bool:
        """See Pipe."""
        return self._channel.exit_status_ready()

    def close(self) -> None:
        """See Pipe."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()


def _use_inbox(channel: paramiko.Channel) -> None:
    inner: Any = channel  # paramiko has no setting for its buffer
    inner.in_buffer = Inbox()


class ProcessPipe:
    """A process: the wrapper itself on this machine, or the system's ssh that leads to it."""

    def __init__(self, target: Target, command: Sequence[str | bytes], environment: Mapping[str, str]) -> None:
        """Raises HostError."""
        self._is_ssh = target.connection != "local"
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=environment["HOME"],
                env=environment,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise HostError(target.name, HostFault.UNUSABLE, f"no process could be started here: {error}") from error
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        if not stdin or not stdout or not stderr:
            raise ValueError("the process has no pipes")
        self._in, self._out, self._said = stdin, stdout, stderr
        self._input = threading.Lock()  # its end may be asked for while it is written
        self._control = bytearray()
        self._sources = selectors.DefaultSelector()
        self._room = selectors.DefaultSelector()
        for pipe in (stdin, stdout, stderr):
            os.set_blocking(pipe.fileno(), False)
        for pipe in (stdin, stdout):
            with contextlib.suppress(OSError):  # a user's pipes may be as large as they may be
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._room.register(stdin, selectors.EVENT_WRITE)
        self._sources.register(stdout, selectors.EVENT_READ)
        self._sources.register(stderr, selectors.EVENT_READ)

    def send(self, data: memoryview) -> int:
        """See Pipe."""
        with self._input:
            if self._in.closed:
                raise BrokenPipeError
            if not self._room.select(SEND_SECONDS):
                return 0
            with contextlib.suppress(BlockingIOError):
                return os.write(self._in.fileno(), data)
            return 0

    def end_input(self) -> None:
        """See Pipe."""
        with self._input:
            if not self._in.closed:
                self._room.close()
                self._in.close()

    def receive(self, size: int, seconds: float) -> bytes:
        """See Pipe."""
        until = time.monotonic() + seconds
        while self._sources.get_map():
            ready = self._sources.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, size if key.fileobj is self._out else 65536)
                if not piece:
                    self._sources.unregister(key.fileobj)
                elif key.fileobj is self._out:
                    return piece
                else:
                    self._control += piece
        return b""

    def control(self) -> bytes:
        """See Pipe."""
        said = bytes(self._control)
        self._control.clear()
        return said

    @property
    def ended(self) -> bool:
        """See Pipe."""
        return self._process.poll() is not None

    def close(self) -> None:
        """See Pipe."""
        self.end_input()
        self._sources.close()
        self._out.close()
        self._said.close()
        # Its last system calls need not be waited for by whoever has the answer.
        threading.Thread(target=self._reap, daemon=True).start()

    def _reap(self) -> None:
        try:
            # The wrapper itself has a diary to finish; an ssh has nothing more to do.
            self._process.wait(END_SECONDS if self._is_ssh else None)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
