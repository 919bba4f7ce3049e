"""Where a run and its hosts stand, for the screen; used while it runs, at its end, and by `job show`."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from desk.cli import words
from desk.cli.screen import table
from desk.services.runs import HostLine, RunLine
from models.rules.figure_words import bytes_text
from models.rules.outcomes import in_words
from models.vocabulary import Outcome, RunState

MOST_ROWS = 40


def host_table(lines: Iterable[HostLine], now: datetime, *, waves: bool) -> Table:
    """One host a row: how it ended, or for how long it has been running."""
    lines = list(lines)
    attempts = any(line.attempt > 1 for line in lines)
    headers = ["host", *(["wave"] if waves else []), *(["attempt"] if attempts else []), "outcome", "took", "exit", ""]
    grid = table(*headers, wide=("",), right=("took", "exit"))
    for line in lines:
        grid.add_row(
            Text(line.host, "bold"),
            *([str(line.wave)] if waves else []),
            *([str(line.attempt)] if attempts else []),
            host_state(line),
            _took(line, now),
            "" if line.exit_code is None else str(line.exit_code),
            why(line),
        )
    return grid


def progress(advance: Mapping[str, int | None], since_start: timedelta) -> Text:
    """How far a long act is: `12.3 of 40.0 MiB, 1,204 of 6,000 files, 8.1 MiB/s`."""
    done, files = advance.get("bytes") or 0, advance.get("files") or 0
    size, count = advance.get("bytes_total"), advance.get("files_total")
    parts = [f"{bytes_text(done)} of {bytes_text(size)}" if size else bytes_text(done)]
    if files:
        parts.append(f"{files:,} of {count:,} files" if count else f"{files:,} files")
    parts.append(f"{bytes_text(done / max(1.0, since_start.total_seconds()))}/s")
    return Text(", ".join(parts), "dim")


def host_state(line: HostLine) -> Text:
    """The outcome, or running, or waiting."""
    if line.outcome is not None:
        return words.outcome(line.outcome)
    return Text("running", "cyan") if line.since else Text("waits", "dim")


def _took(line: HostLine, now: datetime) -> str:
    return words.took((line.ended_at or now) - line.since) if line.since else ""


def why(line: HostLine) -> Text:
    """What a host that is not ok said first, and how its result came."""
    said = line.first_error_line or ""
    if line.outcome in (None, Outcome.OK):
        said = ""
    elif line.fault is not None or not said:
        said = f"{line.message or ''}{': ' + said if said and said not in (line.message or '') else ''}"
    collected = "  (collected after its controller died)" if line.attached else ""
    return words.line(said + collected)


def shown(lines: Iterable[HostLine]) -> tuple[list[HostLine], int]:
    """All hosts, or of many only those that want a look; and how many are left out."""
    every = list(lines)
    if len(every) <= MOST_ROWS:
        return every, 0
    wanted = [line for line in every if line.outcome not in (None, Outcome.OK) or (line.since and not line.outcome)]
    kept = wanted[:MOST_ROWS]
    return kept, len(every) - len(kept)


def headline(line: RunLine, now: datetime) -> Text:
    """RUN000012 rotate-logs: running, 12 s, 5 of 8 hosts: 4 ok, 1 failed."""
    done = [host.outcome for host in line.hosts if host.outcome is not None]
    text = Text.assemble((line.run, "bold"), " ", line.job, ": ", state(line))
    since = line.started_at or line.queued_at
    text.append(f", {words.took((line.ended_at or now) - since)}")
    if line.hosts and done:
        text.append(f", {len(done)} of {len(line.hosts)} hosts: {in_words(done)}")
    return text


def state(line: RunLine) -> Text:
    """The outcome of an ended run, otherwise where it stands."""
    if line.awaits_proof or (line.state is RunState.RUNNING and line.kill_requested_by):
        return Text("being killed", "yellow")
    if line.outcome is not None:
        return words.outcome(line.outcome)
    waits = f" ({line.waits_for})" if line.waits_for else ""
    return Text(f"{words.STATES[line.state]}{waits}", "cyan")
