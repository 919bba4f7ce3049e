"""Owned commands on many hosts: start or attach, wait, reconnect, collect, kill with proof (R7, R12)."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from models import clock
from models.errors import HostError
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import local, results, wire
from tasks.tools.ssh.calls import Reader, Wanted
from tasks.tools.ssh.line import LineLost, NoChannel
from tasks.tools.ssh.links import Links
from tasks.tools.ssh.shapes import CommandResult, KillProof, OwnedCommand, Target
from tasks.tools.ssh.streams import Stream

ANSWER_SECONDS = 20
"""What an answer may take past every wait that the host was told."""
RECONNECT_SECONDS = 60
"""How long a mere question goes on after its line died."""
LAST_LOOK_SECONDS = 10
SILENT_ENDS = 3
STALE_LINES = 3

_PERMANENT = (HostFault.WRONG_KEY, HostFault.AUTH, HostFault.REFUSED_BY_US)
_PROBE_WORD = 'it\'s $(false) `false` \\ "ü" * ; -'

Turn = Callable[[Target, OwnedCommand], CommandResult | None]
"""Asked when a command's turn has come: a result of its own means that it is not started."""
Ended = Callable[[CommandResult], None]


@dataclass
class _Talk:
    """One request and what became of it so far."""

    target: Target
    request: wire.Request
    until: float  # monotonic: when waiting ends
    reconnect_seconds: float
    sent: bool = False  # may the host have seen it?
    sent_before: bool = False  # ... on an earlier line?
    stale: int = 0
    silent_ends: int = 0
    last_look: bool = False
    tries: int = 0
    since: float = field(default_factory=time.monotonic)

    def on_sent(self) -> None:
        self.sent = True


def _started_by_another(talk: _Talk, answer: wire.Answer) -> bool:
    """Whether a controller before this one had started it: surely so when it is older than our first word."""
    if answer.facts.get("mode") != "attached":
        return False
    now, claimed = answer.seconds("now"), answer.seconds("claimed")
    if not talk.sent_before or now is None or claimed is None:
        return not talk.sent_before
    return now - claimed > time.monotonic() - talk.since


class HostPool:
    """The connections of one process to its hosts, and what is done through them. Safe to use from threads."""

    def __init__(self, *, handshakes_per_host: int = 5, channels_per_connection: int = 8) -> None:
        self._links = Links(handshakes_per_host, channels_per_connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up everywhere. Commands go on; a later pool collects them."""
        self._links.close()

    def run(self, target: Target, command: OwnedCommand) -> CommandResult:
        """Start a command, or attach to it when its key was started before, and wait for its end.

        Trouble with the host is a result, not an exception: `failed` when nothing was started, `unknown` when
        the command may have run or be running.
        """
        since = clock.now()
        try:
            request = wire.start(target, command)
        except HostError as error:
            return results.from_failure(error, Outcome.FAILED, since)
        told = command.lock_wait_seconds + command.deadline_seconds + command.kill_grace_seconds
        talk = _Talk(target, request, time.monotonic() + told + ANSWER_SECONDS, told + ANSWER_SECONDS)
        try:
            answer = self._ask(talk)
        except HostError as error:
            outcome = Outcome.UNKNOWN if talk.sent else Outcome.FAILED
            return results.from_failure(error, outcome, since, attached=False)
        return results.from_answer(target.name, answer, attached=_started_by_another(talk, answer))

    def stream(
        self,
        target: Target,
        command: OwnedCommand,
        *,
        stdin: Reader | None = None,
        knows_its_end: bool = False,
    ) -> Stream:
        """Start a command and read its standard output as it comes; a context manager. Raises HostError.

        `stdin` is read and sent to it; it goes by the target's transport. A command that `knows_its_end` can itself
        tell half of its input from all of it; any other one is ended when the line dies. A key serves once.
        """
        return Stream(Wanted(target, command, stdin, knows_its_end), self._links, self.kill)

    def run_many(
        self,
        pairs: Sequence[tuple[Target, OwnedCommand]],
        *,
        threads: int = 32,
        on_result: Ended | None = None,
        on_turn: Turn | None = None,
    ) -> list[CommandResult]:
        """Run many commands at once; the results come in the order of the pairs, the calls as things happen."""

        def one(pair: tuple[Target, OwnedCommand]) -> CommandResult:
            result = (on_turn(*pair) if on_turn else None) or self.run(*pair)
            if on_result:
                on_result(result)
            return result

        if not pairs:
            return []
        with ThreadPoolExecutor(max_workers=min(threads, len(pairs)), thread_name_prefix="hosts") as executor:
            return list(executor.map(one, pairs))

    def collect(self, target: Target, key: str, *, wait: bool = True) -> CommandResult | None:
        """How a command ended that was started before, once it ended (or stands, without `wait`).

        None: the host never saw it. `unknown` with a fault: the host could not be asked.
        """
        since = clock.now()
        try:
            request = wire.ask("collect" if wait else "look", target, key)
            until = time.monotonic() + (wire.LONGEST_DEADLINE_SECONDS if wait else ANSWER_SECONDS)
            answer = self._ask(_Talk(target, request, until, RECONNECT_SECONDS))
        except HostError as error:
            return results.from_failure(error, Outcome.UNKNOWN, since, attached=True)
        if answer.verdict == "absent":
            return None
        return results.from_answer(target.name, answer, attached=True)

    def kill(self, target: Target, key: str, grace_seconds: int = 5) -> KillProof:
        """End a command: TERM, after the grace KILL, then look twice that nobody is left."""
        try:
            request = wire.ask("kill", target, key, grace_seconds)
            patience = grace_seconds + 5 + ANSWER_SECONDS
            answer = self._ask(_Talk(target, request, time.monotonic() + patience, patience))
        except HostError as error:
            message = f"nobody knows whether it still runs: {error}"
            return KillProof(target.name, Outcome.KILL_UNCONFIRMED, (), False, (), message)
        return results.proof(target.name, answer)

    def probe(self, target: Target) -> HostFault | None:
        """Why commands cannot run on a host, or None."""
        trouble = self.trouble(target)
        return trouble.fault if trouble else None

    def trouble(self, target: Target) -> HostError | None:
        """The same with its message: can it be reached, are the tools there, does the shell keep bytes as sent."""
        try:
            request = wire.ask("probe", target, f"{clock.now():%Y%m%d}/probe", words=(_PROBE_WORD,))
            answer = self._ask(_Talk(target, request, time.monotonic() + ANSWER_SECONDS, ANSWER_SECONDS))
        except HostError as error:
            return error
        if answer.verdict != "probed":
            return HostError(target.name, HostFault.UNUSABLE, answer.note)
        if answer.note != _PROBE_WORD:
            return HostError(target.name, HostFault.UNUSABLE, "the login shell changes what it is sent: use a POSIX sh")
        return None

    def _ask(self, talk: _Talk) -> wire.Answer:
        """Ask until there is an answer or no use in asking. Raises HostError."""
        while True:
            try:
                answer = self._exchange(talk)
                if answer.verdict == "torn" or (answer.verdict == "absent" and talk.request.verb == "run"):
                    raise LineLost(talk.target.name, HostFault.LOST, "the request arrived torn")
                return answer
            except HostError as error:
                self._go_on_or_raise(talk, error)

    def _exchange(self, talk: _Talk) -> wire.Answer:
        talk.sent_before = talk.sent
        if talk.target.connection == "local":
            return local.exchange(talk.target, talk.request, talk.until, talk.on_sent)
        with self._links.channel(talk.target) as line:
            return line.exchange(talk.request, talk.until, talk.on_sent)

    def _go_on_or_raise(self, talk: _Talk, error: HostError) -> None:
        now = time.monotonic()
        if isinstance(error, NoChannel) and talk.stale < STALE_LINES:
            talk.stale += 1  # a connection kept from before had died; a new one tells the truth
            return
        if not talk.sent or error.fault in _PERMANENT:
            raise error
        if isinstance(error, LineLost) and error.fault is HostFault.UNUSABLE:
            talk.silent_ends += 1
            if talk.silent_ends >= SILENT_ENDS:
                raise error
        if isinstance(error, LineLost):
            talk.tries = 0
            talk.until = min(talk.until, now + talk.reconnect_seconds) if error.fault is HostFault.LOST else talk.until
        if now >= talk.until:
            if talk.last_look:
                raise HostError(talk.target.name, HostFault.LOST, f"the command may live: {error}") from error
            talk.last_look = True
            talk.until = now + LAST_LOOK_SECONDS
        talk.tries += 1
        pause = min(5.0, 0.1 * 2**talk.tries) * random.uniform(0.5, 1.5)  # noqa: S311  # spreads load
        time.sleep(max(0.0, min(pause, talk.until - now)))
