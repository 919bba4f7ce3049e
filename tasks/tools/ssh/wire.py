"""A request as the host's shell reads it, and the answer as the host prints it. No network here."""

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.shapes import OwnedCommand, Target

LONGEST_LINE_BYTES = 128 * 1024 - 1
"""Linux takes no longer single argument; a shell that reads a longer line takes its time, too."""
LONGEST_DEADLINE_SECONDS = 6 * 86400
"""Shorter than what is kept, so that no clean-up meets a command that runs."""
DAYS_KEPT = 7
MARK = "WATCHBILL_STEP"
"""The variable that marks every process of a command with its key."""
LONGEST_SCRIPT_BYTES = 16 * 1024 * 1024
MOST_NOISE_BYTES = 1024 * 1024

_KEY = re.compile(r"\d{8}/[A-Za-z0-9][A-Za-z0-9._-]{0,180}")
_LOCK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,180}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAFE = re.compile(rb"[A-Za-z0-9_./:@%+,-]+")
_END_OF_SECRETS = b"#complete"
_NEWLINE = b"'\"$newline\"'"  # ends the quotes around it, and begins them anew


@dataclass(frozen=True)
class Request:
    """One call of the wrapper: its parameters, what goes to its standard input, and the mark of its answer."""

    tag: str
    parameters: tuple[str, ...]
    payload: bytes = b""

    @property
    def verb(self) -> str:
        """What is asked: run, collect, look, kill or probe."""
        return self.parameters[0]

    def line(self) -> bytes:
        """The request as the one line that the wrapper reads."""
        return b" ".join(quoted(word.encode()).replace(b"\n", _NEWLINE) for word in self.parameters) + b"\n"


@dataclass(frozen=True)
class Answer:
    """What the wrapper said: the verdict, its facts, and the kept bytes of both streams."""

    verdict: str
    facts: Mapping[str, str]
    note: str
    streams: tuple[bytes, ...] = ()  # head and tail of stdout, head and tail of stderr

    @property
    def goes_on(self) -> bool:
        """Does the wrapper wait for another request?"""
        return self.verdict == "ended" and self.facts.get("mode") == "started"

    def seconds(self, name: str) -> float | None:
        """An uptime of the host among the facts."""
        value = self.facts.get(name)
        return float(value) if value else None


@cache
def wrapper() -> bytes:
    """The wrapper as it is sent: no comments, no indents."""
    source = (Path(__file__).parent / "owned.sh").read_bytes()
    lines = (line.strip() for line in source.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"#"))


@cache
def wrapper_call() -> bytes:
    """The wrapper as an exec request of SSH. The request comes by standard input, so no argument is in `ps`."""
    return b"exec /bin/sh -c " + quoted(wrapper()) + b" watchbill"


def quoted(word: bytes) -> bytes:
    """One word for a POSIX shell, byte for byte."""
    if _SAFE.fullmatch(word):
        return word
    return b"'" + word.replace(b"'", b"'\\''") + b"'"


def start(target: Target, command: OwnedCommand) -> Request:
    """The request that starts a command or attaches to it. Raises HostError (refused by us) on bad input."""
    problem = _problem(target, command)
    if problem:
        raise HostError(target.name, HostFault.REFUSED_BY_US, f"{problem}; nothing was sent")
    secrets = _assignments(command.secrets) + _END_OF_SECRETS if command.secrets else b""
    request = _request("run", target, command.key)
    parameters = (
        *request.parameters[:4],
        str(command.deadline_seconds),
        str(max(1, command.kill_grace_seconds)),
        command.lock or "-",
        str(max(0, command.lock_wait_seconds)),
        str(target.slots),
        str(int(command.repeat)),
        str(len(secrets)),
        "-" if command.script is None else str(len(command.script)),
        _oldest_day(command.key),
        _assignments(command.environment).decode(),
        *command.argv,
    )
    request = replace(request, parameters=parameters, payload=secrets + (command.script or b""))
    length = len(request.line())
    if length > LONGEST_LINE_BYTES:
        problem = f"the command line is {length} bytes, more than {LONGEST_LINE_BYTES}: send it as a script"
        raise HostError(target.name, HostFault.REFUSED_BY_US, f"{problem}; nothing was sent")
    return request


def ask(verb: str, target: Target, key: str, grace_seconds: int = 5, words: tuple[str, ...] = ()) -> Request:
    """A request about a command that was started before: collect, look or kill; or probe. Raises HostError."""
    if not _KEY.fullmatch(key):
        raise HostError(target.name, HostFault.REFUSED_BY_US, f"{key!r} is no key (DAY/NAME)")
    request = _request(verb, target, key)
    rest = ("1", str(max(1, grace_seconds)), "-", "0", str(target.slots), "0", "0", "-", "0", "")
    return replace(request, parameters=(*request.parameters, *rest, *words))


def _request(verb: str, target: Target, key: str) -> Request:
    tag = random.token_hex(8)
    return Request(tag, (verb, tag, target.run_directory, key))


def _oldest_day(key: str) -> str:
    day = date(int(key[:4]), int(key[4:6]), int(key[6:8]))
    return f"{day - timedelta(days=DAYS_KEPT):%Y%m%d}"


def _assignments(variables: Mapping[str, str]) -> bytes:
    """Variables as the words before a command, for the wrapper to evaluate."""
    return b"".join(name.encode() + b"=" + quoted(value.encode()) + b" " for name, value in variables.items())


def _problem(target: Target, command: OwnedCommand) -> str | None:
    """Why this must not be sent, or None."""
    deadline = command.deadline_seconds
    checks = {
        f"the key {command.key!r} is not DAY/NAME, like 20261121/RUN000012-web1-1": _is_key(command.key),
        "there is no command": bool(command.argv) or command.script is not None,
        f"a deadline of {deadline} s is not between 1 s and 6 days": 1 <= deadline <= LONGEST_DEADLINE_SECONDS,
        f"{command.lock!r} is no name for a lock": command.lock is None or bool(_LOCK.fullmatch(command.lock)),
        f"{target.slots} slots are not between 1 and 64": 1 <= target.slots <= 64,
        f"the script is longer than {LONGEST_SCRIPT_BYTES} bytes": len(command.script or b"") <= LONGEST_SCRIPT_BYTES,
    }
    for name in (*command.environment, *command.secrets):
        allowed = bool(_VARIABLE.fullmatch(name)) and name != MARK
        checks[f"{name!r} is no name for an environment variable of a command"] = allowed
    return next((problem for problem, passed in checks.items() if not passed), None) or _unsendable(target, command)


def _is_key(key: str) -> bool:
    try:
        return bool(_KEY.fullmatch(key) and _oldest_day(key))
    except ValueError:
        return False


def _unsendable(target: Target, command: OwnedCommand) -> str | None:
    """The first word that no command line can carry."""
    words = [("the run directory", target.run_directory)]
    words += [(f"argument {number}", word) for number, word in enumerate(command.argv)]
    words += [(f"the environment variable {name}", word) for name, word in command.environment.items()]
    words += [(f"the secret {name}", word) for name, word in command.secrets.items()]
    for what, word in words:
        if "\0" in word:
            return f"{what} has a NUL character, which no command line can carry"
        try:
            word.encode()
        except UnicodeEncodeError:
            return f"{what} has half a surrogate pair, which is no character"
    return None


class Reading:
    """The answer as it comes in, in pieces of any size."""

    def __init__(self, tag: str) -> None:
        self._head = re.compile(rb"%s v1 verdict=([a-z]+) ([^\n]*)\n" % tag.encode())
        self._buffer = bytearray()
        self._found: re.Match[bytes] | None = None
        self._lengths: tuple[int, ...] = ()
        self._need = 0

    def feed(self, piece: bytes) -> bool:
        """Take a piece; is the answer complete?"""
        self._buffer += piece
        if self._found is None:
            self._found = self._head.search(bytes(self._buffer))
            if self._found is None:
                return False
            self._lengths = tuple(_lengths(self._found[2]))
            self._need = self._found.end() + sum(self._lengths)
        return len(self._buffer) >= self._need

    @property
    def flooded(self) -> bool:
        """Came more than a login shell could mean, and still no answer?"""
        return self._found is None and len(self._buffer) > MOST_NOISE_BYTES

    @property
    def noise(self) -> str:
        """What came instead of an answer: the last line of it."""
        lines = self._buffer.decode("utf-8", errors="backslashreplace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def answer(self) -> Answer:
        """The complete answer. Only after `feed` said so."""
        if self._found is None:
            raise ValueError("there is no answer yet")
        words, _, note = self._found[2].decode("utf-8", errors="backslashreplace").partition("note=")
        facts = dict(word.split("=", 1) for word in words.split() if "=" in word)
        streams, at = [], self._found.end()
        for length in self._lengths:
            streams.append(bytes(self._buffer[at : at + length]))
            at += length
        return Answer(self._found[1].decode(), facts, note.strip(), tuple(streams))


def _lengths(words: bytes) -> list[int]:
    return [
        int(length)
        for stream in (b"out", b"err")
        for found in re.finditer(rb" %s=\d+,(\d+),(\d+)," % stream, b" " + words)
        for length in found.groups()
    ]
