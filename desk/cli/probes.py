"""probe: list, show, run."""

import shlex
from collections.abc import Iterable
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import exit_codes, words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.following import Follower
from desk.cli.screen import Screen, facts, heading, table
from desk.services import probes
from desk.services.opening import opened
from desk.services.probes import ProbeDetail, ProbeLine, ProbeList, ReadingLine
from desk.services.runs import RunLine
from models import clock
from models.rules.durations import format_duration
from models.rules.outcomes import exit_code
from models.rules.probes import Measure
from models.vocabulary import Outcome, ProbeVerdict

app = App("probe", help="What is looked at all the time, and how it stands.")
COLOURS = {
    ProbeVerdict.OK: "green",
    ProbeVerdict.WARNING: "yellow",
    ProbeVerdict.CRITICAL: "bold red",
    ProbeVerdict.UNKNOWN: "magenta",
}
SIGNS = {ProbeVerdict.OK: ".", ProbeVerdict.WARNING: "W", ProbeVerdict.CRITICAL: "C", ProbeVerdict.UNKNOWN: "?"}
LEGEND = ", ".join(f"{sign} {verdict.value}" for verdict, sign in SIGNS.items())
PATIENCE_SECONDS = 120.0

Name = Annotated[str, Parameter(name="NAME", help="The probe.")]


@app.command(name="list")
def list_probes(*, listing: Listing = LISTING) -> int:
    """Every probe on every host: what holds, since when, and what it said last; the worst first."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = probes.list_probes(database, clock.now())
    if not listed.wrote(found, found.probes):
        _show_list(listed.screen, found)
    return exit_codes.OK


@app.command
def show(name: Name, /, *, common: Common = COMMON) -> int:
    """One probe: its limits, how it stands on each host, and its last readings."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = probes.show_probe(database, name, clock.now())
    screen.json(found) if common.json else _show_probe(screen, found)
    return exit_codes.OK


@app.command
def run(
    name: Name,
    /,
    *,
    record: Annotated[bool, Parameter(help="Count the reading as one of its own: what holds may change.")] = False,
    common: Common = COMMON,
) -> int:
    """Have a worker read a probe now, and show what it says; the exit code is 1 unless all of it is ok."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        line = probes.read_now(database, name, common.who(), now, record=record)
        line = Follower(screen, database).follow(line, PATIENCE_SECONDS)
        found = probes.readings_of_run(database, line.run)
        detail = probes.show_probe(database, name, now)
    if common.json:
        screen.json({"run": line.run, "outcome": line.outcome, "limits": detail.limits, "readings": found})
    else:
        _show_run(screen, line, found, detail)
    if line.outcome is not Outcome.OK:
        return exit_code(line.outcome) if line.outcome else exit_codes.NOT_ENDED
    return exit_codes.OK if all(one.verdict is ProbeVerdict.OK for one in found) else exit_codes.FAILED


def _show_list(screen: Screen, found: ProbeList) -> None:
    if not found.probes:
        screen.say("This site has no probes yet: add one to probes.yaml, then `watchbill check`.")
        return
    times = words.Clock(found.timezone, found.at)
    grid = table("probe", "on", "", "since", "read", "", wide=("",))
    for line in found.probes:
        read = words.ago(line.last.read_at, found.at) if line.last else Text("not yet", "dim")
        since = times.when(line.since) if line.since else ""
        grid.add_row(Text(line.name, "bold"), line.host, _standing(line), since, read, _said(line))
    screen.show(grid)


def _standing(line: ProbeLine) -> Text:
    if line.is_overdue:
        return Text("not read", COLOURS[ProbeVerdict.UNKNOWN])
    return _verdict(line.verdict)


def _verdict(verdict: ProbeVerdict | None) -> Text:
    return Text(verdict.value, COLOURS[verdict]) if verdict else Text("new", "dim")


def _said(line: ProbeLine) -> Text:
    said = words.line(line.last.text) if line.last else Text()
    return said.append(f" ({line.against})", "dim") if line.against else said


def _show_probe(screen: Screen, found: ProbeDetail) -> None:
    probe, times = found.probe, words.Clock(found.timezone, found.at)
    screen.show(Text.assemble((probe.name, "bold"), f"  {probe.title}"))
    rows: list[tuple[str, RenderableType]] = [
        ("looks at", words.line(_what(found))),
        ("read", f"every {format_duration(probe.every)} by the job {found.job}"),
        ("limits", words.block("\n".join(found.limits) or "its own")),
        ("bad after", f"{probe.bad_after} readings in a row; good again after {probe.good_after}"),
        ("service", probe.service or "none"),
        ("owner", probe.owner),
        ("run-book", words.block(probe.runbook.strip())),
    ]
    screen.show(facts(rows))
    for line in found.lines:
        screen.show(heading(line.host))
        since = f" since {times.when(line.since)}" if line.since else ""
        screen.show(Text.assemble(_standing(line), since, f" ({line.against})" if line.against else ""))
        readings = found.readings.get(line.host, ())
        if readings:
            screen.show(_strip(readings))
            screen.show(_newest(readings[0], times))
    screen.say(Text(f"\n{LEGEND}; times in {found.timezone}", "dim"))


def _what(found: ProbeDetail) -> str:
    """Its own keys, as the file says them; the limits are told apart."""
    given = found.probe.what.model_dump(mode="json", exclude_defaults=True)
    told = {key: shlex.join(value) if key == "argv" else value for key, value in given.items()}
    keys = [f"{key} {value}" for key, value in told.items() if not isinstance(value, dict)]
    return " ".join(filter(None, [f"{found.probe.kind.value}:", ", ".join(keys)])).removesuffix(":")


def _strip(newest_first: Iterable[ReadingLine]) -> Text:
    """The readings that count, the newest at the right."""
    text = Text()
    for reading in reversed([one for one in newest_first if one.counts]):
        text.append(SIGNS[reading.verdict], COLOURS[reading.verdict])
    return text


def _newest(reading: ReadingLine, times: words.Clock) -> Text:
    return Text.assemble((times.exact(reading.read_at), "dim"), "  ", words.line(reading.text))


def _show_run(screen: Screen, line: RunLine, found: tuple[ReadingLine, ...], detail: ProbeDetail) -> None:
    if line.outcome is not Outcome.OK:
        screen.warn(
            f"{line.run} {line.outcome.value if line.outcome else 'goes on'}: {line.summary or ''}".rstrip(": ")
        )
    for reading in found:
        screen.show(Text.assemble(_verdict(reading.verdict), f"  {reading.host}  ", words.line(reading.text)))
        measures = [Measure(name, float(one["value"]), str(one["unit"])) for name, one in reading.measures.items()]
        if measures:
            screen.show(Text(f"    {', '.join(map(str, measures))}", "dim"))
    for words_of_limit in detail.limits:
        screen.show(Text(f"    {words_of_limit}", "dim"))
    if found and not found[0].counts:
        screen.say(Text("only looked at: what holds stays as it is; --record counts it", "dim"))
