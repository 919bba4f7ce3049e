"""The probes of a host, read by an owned command for many at once: what is sent there, and what came back."""

import base64
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from models.rules.probes import Observed
from models.site.probes import Probe
from models.vocabulary import ProbeVerdict
from tasks.tools.capture import plain
from tasks.tools.probes.answers import Answer, observed
from tasks.tools.ssh import CommandResult

MOST_AT_ONCE = 60
"""Readings of one command: what each of them says at most fits into what is kept of a command's output."""
_LINE = re.compile(rb"^(?P<tag>[0-9a-f]{16}) (?P<number>\d+) (?P<what>text|exit) ?(?P<words>.*)$")
_COMM_LENGTH = 15
_RUN = 'eval "$(printf %s "$1" | base64 -d)"'
"""The readings come encoded, so that no command line of ours holds a pattern that processes are looked for by."""


@dataclass(frozen=True)
class HostReading:
    """One probe to read on a host, with what its last reading there had to remember."""

    probe: Probe
    memory: Mapping[str, int] = field(default_factory=dict)


def new_tag() -> str:
    """What the lines of an answer begin with; nothing that a plugin prints can look like it."""
    return secrets.token_hex(8)


def command_for(readings: Sequence[HostReading], tag: str) -> tuple[str, ...]:
    """The program and its arguments that read these probes."""
    lines = [f"tag={tag}", _functions()]
    if any(reading.probe.process for reading in readings):
        lines.append("processes=$(processes)")
    lines += [shlex.join(_words(number, reading)) for number, reading in enumerate(readings)]
    body = "\n".join([*lines, "wait", ""])
    return ("sh", "-c", _RUN, "sh", base64.b64encode(body.encode()).decode())


@cache
def _functions() -> str:
    source = (Path(__file__).parent / "on_host.sh").read_text(encoding="utf-8")
    return "\n".join(line for line in source.splitlines() if line and not line.startswith("#"))


def _words(number: int, reading: HostReading) -> list[str]:
    """The line of the script that takes one reading."""
    probe = reading.probe
    first = [str(number), f"{probe.timeout.total_seconds():g}"]
    if probe.disk:
        return ["disk", *first, probe.disk.mount]
    if probe.load:
        return ["load", *first]
    if probe.process and probe.process.name is not None:
        return ["process_named", first[0], probe.process.name[:_COMM_LENGTH]]
    if probe.process:
        return ["process_like", first[0], probe.process.pattern or ""]
    if probe.log:
        known = [str(reading.memory.get(name, 0)) for name in ("position", "inode")]
        return ["log", *first, probe.log.file, probe.log.pattern or "", *known]
    return ["reading", *first, *(probe.command.argv if probe.command else ("false",))]


def readings_of(readings: Sequence[HostReading], result: CommandResult, tag: str) -> list[Observed]:
    """What the answer of a host says of each probe. One that it does not speak of is unknown, and so are all when it
    could not be reached: that says nothing about a disk."""
    if result.fault is not None and not result.stdout.size:
        return [_unknown(f"{result.host}: {result.fault.value}: {result.message}") for _ in readings]
    answers = _answers(result.stdout.head + b"\n" + result.stdout.tail if result.stdout.cut else _whole(result), tag)
    missing = f"{result.host} did not say: {result.message}" if result.fault else f"{result.host} gave no answer to it"
    return [
        observed(reading.probe, answers[number], reading.memory) if number in answers else _unknown(missing)
        for number, reading in enumerate(readings)
    ]


def _whole(result: CommandResult) -> bytes:
    return result.stdout.head + result.stdout.tail


def _answers(output: bytes, tag: str) -> dict[int, Answer]:
    """The readings of which both lines came."""
    texts: dict[int, str] = {}
    codes: dict[int, int] = {}
    for line in output.split(b"\n"):
        found = _LINE.match(line)
        if found is None or found["tag"].decode() != tag:
            continue
        number = int(found["number"])
        if found["what"] == b"exit":
            codes[number] = int(found["words"])
        else:
            texts[number] = plain(found["words"].replace(b"\1", b"\n"))
    return {number: Answer(codes[number], texts[number]) for number in codes.keys() & texts.keys()}


def _unknown(text: str) -> Observed:
    return Observed(text, verdict=ProbeVerdict.UNKNOWN)
