"""Follow a run until it ends: painted over and over for a person, one line a change for a log."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from desk.cli import words
from desk.cli.run_table import headline, host_table, progress, shown, state
from desk.cli.screen import Screen
from desk.services import runs
from desk.services.runs import HostLine, RunLine
from models import clock
from models.database import Database

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 5.0
"""How long a run may wait for a worker before we look whether there is one."""


@dataclass
class Follower:
    """What was said already, so that only news is said."""

    screen: Screen
    database: Database
    state: str = ""
    hosts: dict[str, tuple[int, str]] = field(default_factory=dict)
    is_warned: bool = False

    def follow(self, line: RunLine, seconds: float) -> RunLine:
        """Look again and again until the run ends or the time is over. Ctrl-C ends the looking, not the run."""
        looks = self._looks(line, seconds)
        if not self.screen.is_live:
            for newest in looks:
                self._tell(newest)
            return newest
        with Live(console=self.screen.out, refresh_per_second=8, transient=True) as live:
            for newest in looks:
                live.update(_picture(newest))
        return newest

    def _looks(self, line: RunLine, seconds: float) -> Iterator[RunLine]:
        begun = time.monotonic()
        while True:
            yield line
            waited = time.monotonic() - begun
            if line.has_ended or waited > seconds:
                return
            if waited > PATIENCE_SECONDS and line.started_at is None:
                self.warn_of_silence()
            time.sleep(POLL_SECONDS)
            line = runs.read_run(self.database, line.run)

    def warn_of_silence(self) -> None:
        """Say once that nobody is there to start the run."""
        if self.is_warned:
            return
        silent = runs.silent_parts(self.database, clock.now())
        if silent:
            self.is_warned = True
            parts = ", ".join(silent)
            self.screen.warn(f"no sign of life from: {parts}; nothing will start: is `watchbill up` running?")

    def _tell(self, line: RunLine) -> None:
        """One line for each change since the first look, with the time since the run was asked for."""
        if self.screen.as_json:
            return
        now, is_first = clock.now(), not self.state
        word = state(line).plain
        if word != self.state and not line.has_ended:
            self._print(line, Text.assemble(line.run, " ", line.job, ": ", state(line)))
        self.state = word
        for host in line.hosts:
            seen = (host.attempt, host.outcome.value if host.outcome else "running" if host.since else "waits")
            if not is_first and seen != self.hosts.get(host.host) and seen[1] != "waits":
                self._print(line, _host_news(host, words.took((host.ended_at or now) - (host.since or now))))
            self.hosts[host.host] = seen

    def _print(self, line: RunLine, news: Text) -> None:
        seconds = round((clock.now() - line.queued_at).total_seconds())
        self.screen.say(Text.assemble((f"{seconds // 60:02d}:{seconds % 60:02d}  ", "dim"), news))


def _host_news(host: HostLine, took: str) -> Text:
    text = Text.assemble(f"{host.host}: ")
    if host.outcome is None:
        return text.append("started" if host.attempt == 1 else f"started, attempt {host.attempt}")
    text.append_text(words.outcome(host.outcome))
    text.append(f" in {took}")
    said = host.first_error_line or (host.message if host.outcome.value != "ok" else None)
    return text.append_text(words.line(f": {said}")) if said else text


def _picture(line: RunLine) -> RenderableType:
    """What stands on the screen while the run goes on."""
    now = clock.now()
    rows, left_out = shown(line.hosts)
    waves = len({host.wave for host in line.hosts}) > 1
    parts: list[RenderableType] = [headline(line, now)]
    if line.next_attempt_at:
        parts.append(Text(f"attempt {line.attempt} in {words.took(max(line.next_attempt_at - now, now - now))}", "dim"))
    if line.progress and line.started_at:
        parts.append(progress(line.progress, now - line.started_at))
    if rows:
        parts += [Text(), host_table(rows, now, waves=waves)]
    if left_out:
        parts.append(Text(f"and {left_out} more that are ok or wait", "dim"))
    return Group(*parts)
