"""An answer of the host as a result for people and records."""

import hashlib
import signal
from dataclasses import replace
from datetime import datetime, timedelta

from models import clock
from models.errors import HostError
from models.vocabulary import HostFault, Outcome
from tasks.tools.capture import Kept, kept
from tasks.tools.ssh.shapes import CommandResult, KillProof
from tasks.tools.ssh.wire import Answer

_NOTHING = kept(b"")
_SHELL_WORDS = {126: "it could not be executed", 127: "no such command"}
ENDED_BY_KILL = "137"
"""The exit code of what SIGKILL ended."""


def from_answer(host: str, answer: Answer, *, attached: bool) -> CommandResult:
    """The result that an answer about a run speaks of."""
    outcome, fault, message = _verdict(answer)
    began, ended = _times(answer)
    code = answer.facts.get("code", "")
    stdout, stderr = _streams(answer)
    if answer.verdict == "ended" and not answer.streams:
        message += "; what it printed was lost on the host"
    return CommandResult(
        host=host,
        outcome=outcome,
        fault=fault,
        exit_code=int(code) if code and outcome in (Outcome.OK, Outcome.FAILED) else None,
        started_at=began,
        ended_at=ended,
        stdout=stdout,
        stderr=stderr,
        message=message,
        attached=attached,
    )


def from_failure(error: HostError, outcome: Outcome, since: datetime, *, attached: bool = False) -> CommandResult:
    """The result when the host could not be asked."""
    message = str(error).removeprefix(f"{error.host}: {error.fault.value}: ")
    return CommandResult(
        host=error.host,
        outcome=outcome,
        fault=error.fault,
        exit_code=None,
        started_at=since,
        ended_at=clock.now(),
        stdout=_NOTHING,
        stderr=_NOTHING,
        message=message,
        attached=attached,
    )


def _verdict(answer: Answer) -> tuple[Outcome, HostFault | None, str]:
    if answer.verdict == "ended":
        return _ending(answer)
    if answer.verdict == "busy" and answer.note.startswith("killed"):
        return Outcome.KILLED, None, answer.note
    note = answer.note
    verdicts: dict[str, tuple[Outcome, HostFault | None, str]] = {
        "busy": (Outcome.FAILED, HostFault.BUSY, note),
        "unusable": (Outcome.FAILED, HostFault.UNUSABLE, f"{note}; nothing was started"),
        "interrupted": (Outcome.UNKNOWN, HostFault.INTERRUPTED, "the host lost the command and its exit code"),
        "running": (Outcome.UNKNOWN, None, "still running"),
    }
    return verdicts.get(answer.verdict, (Outcome.UNKNOWN, HostFault.INTERRUPTED, "the host has no trace of it"))


def _ending(answer: Answer) -> tuple[Outcome, HostFault | None, str]:
    code = int(answer.facts["code"])
    how = answer.facts.get("how", "exit").removesuffix("-rebooted")
    escaped = ", ".join(_names(answer.note))
    if how == "deadline":
        message = "ended by the host at its deadline"
        message += f"; had left its group and were ended too: {escaped}" if escaped else ""
        return Outcome.TIMED_OUT, HostFault.TIMEOUT, message
    if how == "killed":
        return Outcome.KILLED, None, "killed on request"
    return (Outcome.OK if code == 0 else Outcome.FAILED), None, exit_words(code)


def exit_words(code: int) -> str:
    """What an exit code says, for people."""
    if code in _SHELL_WORDS:
        return f"exit code {code}: {_SHELL_WORDS[code]}"
    if code - 128 in {number.value for number in signal.Signals}:
        return f"exit code {code}: ended by {signal.Signals(code - 128).name}"
    return f"exit code {code}"


def _times(answer: Answer) -> tuple[datetime, datetime]:
    """The host's uptimes on our clock, so that a host whose clock is wrong tells no wrong times."""
    at = clock.now()
    now, began, ended = (answer.seconds(name) for name in ("now", "begun", "ended"))
    if now is None or answer.facts.get("how", "").endswith("-rebooted"):
        return at, at
    began = answer.seconds("claimed") if began is None else began
    start = at if began is None else at - timedelta(seconds=max(0.0, now - began))
    end = at if ended is None else at - timedelta(seconds=max(0.0, now - ended))
    return start, max(start, end)


def _streams(answer: Answer) -> tuple[Kept, Kept]:
    if len(answer.streams) != 4:
        return _NOTHING, _NOTHING
    out_head, out_tail, err_head, err_tail = answer.streams
    return _kept(answer.facts["out"], out_head, out_tail), _kept(answer.facts["err"], err_head, err_tail)


def _kept(measures: str, head: bytes, tail: bytes) -> Kept:
    size, _, _, digest = measures.split(",")
    if digest in "-?":
        complete = int(size) == len(head) + len(tail)
        digest = hashlib.sha256(head + tail).hexdigest() if complete else ""
    return Kept(head, tail, int(size), digest)


def proof(host: str, answer: Answer) -> KillProof:
    """What the host proved about the end of a command."""
    if answer.verdict == "unusable":
        message = f"nothing keeps the host from starting it later: {answer.note}"
        return KillProof(host, Outcome.KILL_UNCONFIRMED, (), False, (), message)
    if answer.verdict != "killed":
        outcome, _, message = _verdict(answer)
        return KillProof(host, outcome, (), True, (), f"had ended before: {message}")
    survivors, _, escaped = answer.note.partition("|")
    signals = _signals(answer)
    left, fled = _names(survivors), _names(escaped)
    if answer.facts.get("gone") != "2":
        after = f" after {' and '.join(signals)}" if signals else ""
        message = f"still there{after}: {', '.join(left) or 'the runner on the host'}"
        return KillProof(host, Outcome.KILL_UNCONFIRMED, signals, False, left, message, fled)
    outcome, message = _gone(answer, signals)
    message += f"; had left its group and were ended too: {', '.join(fled)}" if fled else ""
    return KillProof(host, outcome, signals, True, (), message, fled)


def _gone(answer: Answer, signals: tuple[str, ...]) -> tuple[Outcome, str]:
    """How a command ended of which nothing is left: by its own end, by the kill, or never begun."""
    facts = answer.facts
    if facts.get("code") and (not signals or facts.get("how") != "killed"):
        outcome, _, message = _ending(replace(answer, note=""))
        return outcome, f"had ended before: {message}"
    if signals:
        return Outcome.KILLED, f"gone after {' and '.join(signals)}, read twice"
    if facts.get("begun"):
        return Outcome.KILLED, "the host had lost it: nothing of it is left, read twice, and it will not start it again"
    # A host keeps what it did for a week, so it may also have forgotten.
    known = "had not begun it" if facts.get("claimed") else "has no trace of it"
    return Outcome.KILLED, f"the host {known}; it will refuse to start it"


def _signals(answer: Answer) -> tuple[str, ...]:
    signals = _names(answer.facts.get("signals", "").replace(",", ";"))
    if signals and answer.facts.get("code") == ENDED_BY_KILL and "KILL" not in signals:
        # `timeout` passes our TERM on and then keeps its own grace: it may send KILL a moment before we would.
        signals += ("KILL",)
    return signals


def _names(list_of_names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in list_of_names.split(";") if name.strip())
