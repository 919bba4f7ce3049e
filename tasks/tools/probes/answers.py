"""What the commands of a host said, as readings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.rules.figure_words import bytes_text
from models.rules.probes import Measure, Observed
from models.site.probes import DiskProbe, LogProbe, Probe
from models.vocabulary import ProbeKind, ProbeVerdict
from tasks.tools.probes.perfdata import figures

TIMED_OUT = (124, 137)
"""What timeout ends with, when TERM was enough and when it was not."""
NO_SUCH_COMMAND, NOT_EXECUTABLE = 127, 126
PLUGIN = {0: ProbeVerdict.OK, 1: ProbeVerdict.WARNING, 2: ProbeVerdict.CRITICAL, 3: ProbeVerdict.UNKNOWN}
LONGEST_TEXT = 300
_AVERAGES = {1: 0, 5: 1, 15: 2}
_KIB = 1024


@dataclass(frozen=True)
class Answer:
    """How the command of one reading ended, and what it printed."""

    code: int
    text: str


def observed(probe: Probe, answer: Answer, memory: Mapping[str, int]) -> Observed:
    """The reading that an answer is. Words that cannot be understood are an unknown reading."""
    if answer.code in TIMED_OUT:
        return _unknown(f"gave no answer within {probe.timeout.total_seconds():g} s")
    if probe.kind is ProbeKind.COMMAND:
        return plugin(answer)
    try:
        return _understood(probe, answer, memory)
    except (ValueError, IndexError):
        return _unknown(f"cannot be understood: {_short(answer.text) or 'nothing was said'}")


def _understood(probe: Probe, answer: Answer, memory: Mapping[str, int]) -> Observed:
    if probe.disk:
        return disk(probe.disk, answer)
    if probe.load:
        return load(probe.load.minutes, answer)
    return log(probe.log, answer, memory) if probe.log else processes(answer)


def disk(probe: DiskProbe, answer: Answer) -> Observed:
    """Of `df -P -k` and `df -P -i`, the last fields of the second and the fourth line."""
    if answer.code:
        return _not_there(answer)
    lines = answer.text.splitlines()
    blocks, inodes = (_df(line) for line in (lines[1], lines[3]))
    if blocks.mounted_on != probe.mount:
        text = f"{probe.mount} is not mounted: it is a folder of {blocks.mounted_on}"
        return Observed(text, verdict=ProbeVerdict.CRITICAL)
    free = blocks.available * _KIB
    measures = [Measure("free", blocks.free_percent, "%"), Measure("free bytes", free, "B")]
    # Some file systems make inodes as they need them, and say 0 of 0.
    if inodes.total:
        measures.append(Measure("free inodes", inodes.free_percent, "%"))
    text = f"{probe.mount}: {blocks.free_percent:.3g} % free, {bytes_text(free)}"
    return Observed(text, tuple(measures))


@dataclass(frozen=True)
class _Df:
    total: int
    used: int
    available: int
    mounted_on: str

    @property
    def free_percent(self) -> float:
        """Of what others than root may fill, as df counts it."""
        room = self.used + self.available
        return 100 * self.available / room if room else 0.0


def _df(line: str) -> _Df:
    """One line: file system, total, used, available, percent, mounted on; the first may hold blanks."""
    found = re.match(r".*?\s(\d+|-)\s+(\d+|-)\s+(-?\d+|-)\s+(?:\d+%|-)\s+(/.*)$", line)
    if found is None:
        raise ValueError(line)
    total, used, available = (0 if word == "-" else int(word) for word in found.groups()[:3])
    return _Df(total, used, available, found[4])


def load(minutes: int, answer: Answer) -> Observed:
    """Of the three averages and the number of cores."""
    *averages, cores = answer.text.split()
    average = float(averages[_AVERAGES[minutes]])
    each = average / int(cores)
    text = f"load {average:.3g} over {minutes} min, {cores} cores"
    return Observed(text, (Measure("load per core", each), Measure("load", average)))


def processes(answer: Answer) -> Observed:
    """How many there are."""
    count = int(answer.text)
    return Observed(f"{count} {'process' if count == 1 else 'processes'}", (Measure("processes", count),))


def log(probe: LogProbe, answer: Answer, memory: Mapping[str, int]) -> Observed:
    """Of the file's time, the host's own, and what is new in the file since the last reading.

    A line counts as written when it was first seen; of those that were there at the first reading of all, nobody knows
    more than that they are as old as the file.
    """
    if answer.code:
        return _not_there(answer)
    lines = answer.text.splitlines()
    written, now = (int(word) for word in lines[0].split())
    if probe.pattern is None:
        return _aged(f"{probe.file} was written", now - written, {})
    position, inode, found = (int(word) for word in lines[1].split())
    known = {"position": position, "inode": inode}
    seen = memory.get("seen") if not found else min(written, now) if not memory else now
    if seen is None:
        # It was never seen: as long as we have looked.
        since = memory.get("since", now)
        return _aged(f"{probe.file}: no line matches", now - since, {**known, "since": since})
    return _aged(f"{probe.file}: the last line that matches was written", now - seen, {**known, "seen": seen})


def _aged(text: str, age: int, memory: Mapping[str, int]) -> Observed:
    measure = Measure("age", max(0, age), "s")
    return Observed(f"{text}, {str(measure).removeprefix('age ')} ago", (measure,), memory=memory)


def plugin(answer: Answer) -> Observed:
    """By the exit code; the first line before the bar is the text, all behind bars are figures."""
    if answer.code not in PLUGIN:
        words = {NO_SUCH_COMMAND: "there is no such command", NOT_EXECUTABLE: "it cannot be executed"}
        why = words.get(answer.code, f"exit code {answer.code} is none of a plugin")
        return _unknown(": ".join(filter(None, [why, _short(answer.text)])))
    text, measures = figures(answer.text)
    return Observed(_short(text) or f"exit code {answer.code}", measures, PLUGIN[answer.code])


def _not_there(answer: Answer) -> Observed:
    """That something is not there is a finding; that we may not look is none."""
    words = _short("\n".join(reversed(answer.text.splitlines())))
    is_gone = "no such file" in words.lower()
    return Observed(
        words or f"exit code {answer.code}", verdict=ProbeVerdict.CRITICAL if is_gone else ProbeVerdict.UNKNOWN
    )


def _short(text: str) -> str:
    """The first line that says something, not longer than is read at a glance."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


def _unknown(text: str) -> Observed:
    return Observed(text, verdict=ProbeVerdict.UNKNOWN)
