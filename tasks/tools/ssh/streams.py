"""A remote command's output as it comes, and its input as it is sent: owned like any other command.

The host keeps its diary, its deadline, its slot and its lock, and `kill` ends it with proof. Unlike other owned
commands it dies with its line, for nobody could take its output up in the middle.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.capture import plain
from tasks.tools.ssh import wire
from tasks.tools.ssh.calls import Call, Reader, Wanted
from tasks.tools.ssh.line import LineLost
from tasks.tools.ssh.links import Links
from tasks.tools.ssh.results import exit_words
from tasks.tools.ssh.shapes import KillProof, Target

PIECE_BYTES = 256 * 1024
ANSWER_SECONDS = 20
HELD_SECONDS = 10
"""How long an output may stay open, in silence, after its command has ended."""
LOST_SECONDS = 2.0
LOOK_SECONDS = 1.0

Kill = Callable[[Target, str, int], KillProof]


class CommandFailed(HostError):
    """The command ran, and said that it failed."""

    def __init__(self, host: str, exit_code: int, head: bytes, tail: bytes) -> None:
        self.exit_code = exit_code
        self.stderr = plain(head)  # the first 64 KiB of it
        words = (head + tail).strip()
        first, last = plain(words[:200]).splitlines()[:1], plain(words[-200:]).splitlines()[-1:]
        said = " ... ".join(dict.fromkeys(first + last)) or "it said nothing"
        super().__init__(host, HostFault.COMMAND, f"{exit_words(exit_code)}: {said}")


class StreamLost(LineLost):
    """The line died under a stream; `proof` says what became of the command."""

    def __init__(self, host: str, fault: HostFault, message: str, proof: KillProof) -> None:
        self.proof = proof
        gone = "nothing of it is left on the host" if proof.gone else "it may live on the host"
        super().__init__(host, fault, f"{message}; {gone} ({proof.message})")


@dataclass(frozen=True)
class Ending:
    """How a stream's command ended."""

    exit_code: int
    stderr: str
    """The first 64 KiB of its standard error."""
    size: int
    """Bytes that were read of its standard output."""


class Stream:
    """A command that runs: `read` until there is nothing more, then `finish`. Left before that, it is ended."""

    def __init__(self, wanted: Wanted, links: Links, kill: Kill) -> None:
        """Start the command. Raises HostError: it does not run, or nobody knows."""
        command = wanted.command
        self._wanted, self._kill, self._host = wanted, kill, wanted.target.name
        self._size = 0
        self._at_end = self._over = False
        self._quiet_since = time.monotonic()
        self._fed: Future[None] | None = None
        told = command.lock_wait_seconds + command.deadline_seconds + command.kill_grace_seconds
        self._until = time.monotonic() + told + ANSWER_SECONDS
        self._call = Call(wanted, links)
        try:
            self._left = self._await_beginning()
            if wanted.stdin is not None:
                self._fed = self._start_feeding(wanted.stdin)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a command that has not ended is ended."""
        if self._call.answer is None and not self._over:
            self._end_it()
        self._over = True
        self._call.close()

    def read(self, size: int = PIECE_BYTES) -> bytes:
        """Up to so many bytes of its standard output, none at the end. Raises HostError when the line died."""
        piece, self._left = self._left[:size], self._left[size:]
        while not piece and not self._at_end:
            piece = self._receive(size)
        self._size += len(piece)
        return piece

    def finish(self, good: tuple[int, ...] = (0,)) -> Ending:
        """How it ended, once it did; what was not read of its output is skipped.

        Raises CommandFailed for another exit code than the good ones, HostError when it did not end by itself.
        """
        while self.read():
            pass
        answer = self._call.answer
        if answer is None:
            raise ValueError("an output that ended has an answer")
        if self._fed is not None and self._fed.done():
            self._fed.result()
        self._raise_unless_ended_by_itself(answer)
        code = int(answer.facts["code"])
        head, tail = answer.streams[2:] if len(answer.streams) == 4 else (b"", b"")
        if code not in good:
            raise CommandFailed(self._host, code, head, tail)
        return Ending(code, plain(head), self._size)

    def _raise_unless_ended_by_itself(self, answer: wire.Answer) -> None:
        how = answer.facts.get("how", "exit").removesuffix("-rebooted")
        if how == "deadline":
            seconds = self._wanted.command.deadline_seconds
            raise HostError(self._host, HostFault.TIMEOUT, f"ended by the host at its deadline of {seconds} s")
        if how == "killed":
            raise HostError(self._host, HostFault.INTERRUPTED, "killed on request")
        if answer.note:
            problem = f"it ended, but had left somebody who held its output: {answer.note.rstrip('; ')}"
            raise HostError(self._host, HostFault.INTERRUPTED, f"{problem}; the output may lack its end")

    def _await_beginning(self) -> bytes:
        """What of its output came with the word that it runs. Raises HostError with what the host says instead."""
        mark, came = self._call.begins_with, b""
        until = time.monotonic() + self._wanted.command.lock_wait_seconds + ANSWER_SECONDS
        while mark not in came:
            if len(came) > wire.MOST_NOISE_BYTES:
                raise self._lost(HostFault.UNUSABLE, "the login shell floods the line")
            if time.monotonic() > until:
                raise self._lost(HostFault.HANGS, "the host gave no answer in time")
            try:
                piece = self._call.receive(PIECE_BYTES, LOOK_SECONDS)
            except TimeoutError:
                continue
            if not piece:
                raise self._refusal(came)
            came += piece
        return came.partition(mark)[2]

    def _refusal(self, came: bytes) -> HostError:
        """Why it did not begin."""
        answer = self._call.answer
        if answer is not None:
            fault = HostFault.BUSY if answer.verdict == "busy" else HostFault.UNUSABLE
            return HostError(self._host, fault, f"{answer.note or 'the request arrived torn'}; nothing was started")
        noise = self._call.noise or plain(came[-200:]).strip()
        return self._lost(self._call.fault, f"the line died before it began: {noise or 'nothing was said'}")

    def _receive(self, size: int) -> bytes:
        """What comes, within a second. Raises HostError when it cannot go on."""
        if self._over:
            raise LineLost(self._host, HostFault.LOST, "the stream was left before its end")
        try:
            piece = self._call.receive(size, LOOK_SECONDS)
        except TimeoutError:
            self._look_around()
            return b""
        if piece:
            self._quiet_since = time.monotonic()
            return piece
        if self._call.answer is None:
            self._raise_feeding_error()
            done = f"{(self._size) / 1e6:.1f} MB of its output had come"
            raise self._lost(HostFault.LOST, f"the line died mid-command, {done}")
        self._at_end = True
        return b""

    def _look_around(self) -> None:
        quiet = time.monotonic() - self._quiet_since
        self._raise_feeding_error()
        if self._call.answer is not None and quiet > HELD_SECONDS:
            problem = "the command ended, but somebody still holds its output open: nobody can tell its end"
            raise HostError(self._host, HostFault.INTERRUPTED, problem)
        if self._call.answer is None and self._call.ended and quiet > LOST_SECONDS:
            raise self._lost(HostFault.LOST, "the wrapper of the command died without an answer")
        if time.monotonic() > self._until:
            raise self._lost(HostFault.HANGS, "the host did not say how it ended")

    def _lost(self, fault: HostFault, message: str) -> StreamLost:
        return StreamLost(self._host, fault, message, self._end_it())

    def _end_it(self) -> KillProof:
        self._over = True
        self._call.close()
        return self._kill(self._wanted.target, self._wanted.command.key, self._wanted.command.kill_grace_seconds)

    def _start_feeding(self, source: Reader) -> Future[None]:
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feeding")
        fed = executor.submit(self._feed, source)
        executor.shutdown(wait=False)
        return fed

    def _feed(self, source: Reader) -> None:
        while piece := source.read(PIECE_BYTES):
            try:
                self._call.send(piece)
            except BrokenPipeError:  # it ended, or the line died: the answer says which
                return
        self._call.end_input()

    def _raise_feeding_error(self) -> None:
        """What the source of the input raised, after the command was ended: it must not take half for all."""
        error = self._fed.exception() if self._fed is not None and self._fed.done() else None
        if error is not None:
            self._end_it()
            raise error
