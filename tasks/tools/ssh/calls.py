"""One call of the wrapper that streams: the request goes there, bytes go both ways, the answer comes beside them."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh import local, system_ssh, wire
from tasks.tools.ssh.line import NoChannel
from tasks.tools.ssh.links import Links
from tasks.tools.ssh.pipes import ChannelPipe, Pipe, ProcessPipe
from tasks.tools.ssh.shapes import OwnedCommand, Target

STALE_LINES = 3
TRANSPORTS = ("paramiko", "ssh")


class Reader(Protocol):
    """Where the input of a command comes from: a file, another stream."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes, none at the end."""


@dataclass(frozen=True)
class Wanted:
    """One stream: what is run where, and what it is fed with."""

    target: Target
    command: OwnedCommand
    stdin: Reader | None = None
    knows_its_end: bool = False
    """The command itself can tell half of its input from all of it, so nobody need stand between."""


class Call:
    """A request under way. Safe to send to and to receive from at once."""

    def __init__(self, wanted: Wanted, links: Links) -> None:
        """Send the request. Raises HostError: nothing was started."""
        request = _request(wanted)
        self.begins_with = f"{request.tag} stream\n".encode()
        self.answer: wire.Answer | None = None
        self._reading = wire.Reading(request.tag)
        self._is_ssh = wanted.target.transport == "ssh" and wanted.target.connection != "local"
        self._stack = ExitStack()
        try:
            self._pipe = self._connect(wanted, links)
            self._stack.callback(self._pipe.close)
            self.send(request.line() + request.payload)
        except BrokenPipeError:
            pass  # why, is what `receive` and `fault` tell
        except BaseException:
            self._stack.close()
            raise

    @property
    def noise(self) -> str:
        """What came instead of an answer: the last line of it."""
        return self._reading.noise

    @property
    def fault(self) -> HostFault:
        """Why there is no answer, as far as the noise tells."""
        return system_ssh.fault_of(self.noise) if self._is_ssh else HostFault.LOST

    def send(self, data: bytes) -> None:
        """Send all of it, however long the other side takes. Raises BrokenPipeError when it hung up."""
        view = memoryview(data)
        while view:
            view = view[self._pipe.send(view) :]

    def end_input(self) -> None:
        """Nothing more will be sent."""
        self._pipe.end_input()

    def receive(self, size: int, seconds: float) -> bytes:
        """Up to so many bytes, none at the end; an answer is put aside. Raises TimeoutError."""
        try:
            piece = self._pipe.receive(size, seconds)
        except TimeoutError:
            self._look()
            raise
        if not piece:
            self._look()
        return piece

    @property
    def ended(self) -> bool:
        """Is nobody left there who could answer?"""
        return self._pipe.ended

    def close(self) -> None:
        """Hang up, and give the connection back."""
        self._stack.close()

    def _look(self) -> None:
        if self.answer is None and self._reading.feed(self._pipe.control()):
            self.answer = self._reading.answer()

    def _connect(self, wanted: Wanted, links: Links) -> Pipe:
        target = wanted.target
        if target.connection == "local":
            return ProcessPipe(target, [local.SHELL, "-c", _wrapper(), "watchbill"], local.surroundings())
        if self._is_ssh:
            command = self._stack.enter_context(system_ssh.command(target, _exec_line()))
            return ProcessPipe(target, command, local.surroundings())
        return self._open(target, links, STALE_LINES)

    def _open(self, target: Target, links: Links, more: int) -> Pipe:
        try:
            with ExitStack() as stack:
                pipe = ChannelPipe(stack.enter_context(links.channel(target)), _exec_line())
                self._stack = stack.pop_all()
                return pipe
        except NoChannel:  # a connection kept from before had died; a new one tells the truth
            if not more:
                raise
        return self._open(target, links, more - 1)


def _request(wanted: Wanted) -> wire.Request:
    problem = None
    if wanted.command.script is not None or not wanted.command.argv:
        problem = "a stream runs a command, not a script"
    if wanted.target.transport not in TRANSPORTS:
        problem = f"there is no transport {wanted.target.transport!r}: choose one of {', '.join(TRANSPORTS)}"
    if problem:
        raise HostError(wanted.target.name, HostFault.REFUSED_BY_US, f"{problem}; nothing was sent")
    direction = "out" if wanted.stdin is None else "direct" if wanted.knows_its_end else "in"
    request = wire.start(wanted.target, replace(wanted.command, argv=(direction, *wanted.command.argv)))
    return replace(request, parameters=("stream", *request.parameters[1:]))


@cache
def _wrapper() -> bytes:
    """The wrapper of owned commands, with what makes it stream before it."""
    source = (Path(__file__).parent / "stream.sh").read_bytes()
    lines = (line.strip() for line in source.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"#")) + b"\n" + wire.wrapper()


@cache
def _exec_line() -> bytes:
    return b"exec /bin/sh -c " + wire.quoted(_wrapper()) + b" watchbill"
