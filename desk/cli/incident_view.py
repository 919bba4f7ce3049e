"""incident show: one readable page."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from desk.cli import incident_words, words
from desk.cli.chain_view import AsChain, show_chain
from desk.cli.common import COMMON, Common
from desk.cli.incident_said import NEXT
from desk.cli.incident_work import Incident
from desk.cli.screen import Screen, facts, heading, table
from desk.services import incident_details
from desk.services.incident_details import IncidentDetail, Linked, MajorDetail, Relative, SuggestedLine
from desk.services.incidents import key_of
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.queries.incident_timeline import Source
from models.rules.business_time import in_hours
from models.rules.incidents import subject_number
from models.vocabulary import AlertState, MajorState

Rows = Iterator[tuple[str, RenderableType]]
SOURCE_COLOURS = {Source.NOTE: "bold", Source.ALERT: "yellow", Source.NOTICE: "dim", Source.RUN: "cyan"}


def show(incident: Incident, /, *, chain: AsChain = False, common: Common = COMMON) -> int:
    """Everything about one incident: where it stands, its clocks, alerts, links, and its timeline."""
    if chain:
        return show_chain(f"incident/{key_of(incident)}", common)
    with opened(common.settings()) as database:
        found = incident_details.show_incident(database, incident, common.who(), clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def _show(screen: Screen, found: IncidentDetail) -> None:
    times, line = words.Clock(found.timezone, found.at), found.line
    drill = ("  (a drill)", "yellow") if line.is_drill else ""
    screen.show(Text.assemble((line.incident, "bold"), "  ", words.line(line.title), drill))
    screen.show("", facts(_head(found, times)))
    if found.description:
        screen.show("", words.block(found.description.strip()))
    if found.major:
        screen.show(heading("Major incident"), facts(_major(found.major, times)))
    if found.clocks:
        _clocks(screen, found, times)
    if found.clock_problem:
        screen.show(heading("Clocks"), words.line(f"they cannot be computed: {found.clock_problem}", "red"))
    if found.alerts:
        _alerts(screen, found, times)
    if found.known_errors:
        screen.show(heading("Known errors that may fit"), facts(map(_known_error, found.known_errors)))
    links = list(_links(found))
    if links:
        screen.show(heading("Links"), facts(links))
    _timeline(screen, found, times)
    if line.state in NEXT:
        screen.say("")
        screen.next(NEXT[line.state].format(line.incident))


def _head(found: IncidentDetail, times: words.Clock) -> Rows:
    line = found.line
    again = f", reopened {line.reopened} times" if line.reopened > 1 else ", reopened once" if line.reopened else ""
    yield "state", incident_words.state(line).append(again, "not bold default")
    graded = f"  (impact {line.impact}, urgency {line.urgency})"
    yield "priority", incident_words.priority(line).append(graded, "not bold default")
    yield "with", incident_words.who_has_it(line)
    for name, value in (("service", line.service), ("host", line.host), ("category", line.category)):
        if value:
            yield name, value
    if line.caller:
        yield "caller", words.line(line.caller)
    by = "" if found.opened_by == line.caller else f" by {found.opened_by}"
    yield "opened", words.line(f"{times.when(line.opened_at)}{by}, {found.source}")
    yield from _solution(found, times)


def _solution(found: IncidentDetail, times: words.Clock) -> Rows:
    line = found.line
    if found.original:
        yield "duplicate of", found.original
    if found.resolution_code and found.resolution:
        yield "solution", words.block(f"{found.resolution_code.value}: {found.resolution}")
    if line.resolved_at:
        yield "resolved", words.line(f"{times.when(line.resolved_at)} by {found.resolved_by}")
    if line.close_at:
        yield "closes", f"{times.when(line.close_at)}, if nobody objects"
    if line.closed_at:
        yield "over since", times.when(line.closed_at)
    if found.survey_score:
        why = f": {found.survey_words}" if found.survey_words else ""
        yield "caller says", words.block(f"{found.survey_score} of 5{why}")


def _major(major: MajorDetail, times: words.Clock) -> Rows:
    colour = "bold red" if major.state in (MajorState.CANDIDATE, MajorState.ACCEPTED) else ""
    yield "state", Text(major.state.value, colour)
    yield "proposed", words.line(f"by {major.proposed_by}: {major.proposed_for}")
    if major.decision:
        yield "decided", words.line(f"by {major.decided_by}: {major.decision}")
    parts = (("commander", major.commander), ("scribe", major.scribe), ("liaison", major.liaison))
    yield from ((name, person) for name, person in parts if person)
    for update in major.updates:
        due = f", next {times.when(update.due_at)}" if update.due_at else ""
        last = f"last {times.when(update.last_at)}" if update.last_at else "not told yet"
        yield f"tell {update.audience}", f"{last}{due}"
    if major.review_due_at and not major.review:
        yield "review", f"due {times.when(major.review_due_at)}"
    if major.review:
        yield "review", words.block(major.review)


def _clocks(screen: Screen, found: IncidentDetail, times: words.Clock) -> None:
    grid = table("agreement", "clock", "target", "state", "due", "used", "left", right=("used", "left"))
    for reading in found.clocks:
        left = reading.remaining
        late = left is not None and left.total_seconds() < 0
        grid.add_row(
            reading.agreement.value,
            reading.measure.value,
            str(reading.target) if reading.target else "",
            incident_words.clock_state(reading),
            times.when(reading.due_at) if reading.due_at else "",
            in_hours(reading.business_elapsed),
            "" if left is None else Text(in_hours(left), "red" if late else ""),
        )
    screen.show(heading("Clocks"), grid)


def _alerts(screen: Screen, found: IncidentDetail, times: words.Clock) -> None:
    grid = table("alert", "severity", "state", "where", "since", "", wide=("alert",))
    for alert in found.alerts:
        grid.add_row(
            words.line(alert.name),
            alert.severity.value,
            Text(alert.state.value, "green" if alert.state is AlertState.RESOLVED else "red"),
            words.line(alert.host or alert.service or ""),
            times.when(alert.since),
            Text(f"muted by {alert.muted_by.value}" if alert.muted_by else "", "dim"),
        )
    screen.show(heading("Alerts"), grid)
    more = found.alerts_in_all - len(found.alerts)
    if more:
        screen.show(Text(f"and {more:,} more", "dim"))


def _known_error(one: SuggestedLine) -> tuple[str, RenderableType]:
    share = "" if one.worked_percent is None else f"; it worked in {one.worked_percent} %"
    verdict = {True: "  worked here", False: "  did not help here", None: "  used here" if one.used_by else ""}
    colour = {True: "green", False: "red", None: "cyan"}[one.worked]
    why = words.line(f"{one.why}{share}", "dim")
    return one.known_error, Text.assemble(
        words.line(one.title, "bold"), (verdict[one.worked], colour), "\n", words.block(one.workaround), "\n", why
    )


def _links(found: IncidentDetail) -> Rows:
    if found.parent:
        yield "part of", _relative(found.parent)
    for child in found.children:
        yield "parent of", _relative(child)
    for duplicate in found.duplicates:
        yield "duplicate", _relative(duplicate)
    for one in found.links:
        yield one.verb.value if not one.from_there else "linked from", _target(one)


def _relative(other: Relative) -> Text:
    colour = incident_words.STATE_COLOURS[other.state]
    return Text.assemble((other.incident, "bold"), " ", (other.state.value, colour), "  ", words.line(other.title))


def _target(link: Linked) -> Text:
    """INC000012, RUN000007, host/web1."""
    text = subject_number(link.target)
    return words.line(f"{text} ({link.verb.value} this)" if link.from_there else text)


def _timeline(screen: Screen, found: IncidentDetail, times: words.Clock) -> None:
    grid = table("when", "who", "", wide=("",))
    for entry in found.timeline:
        reason = f" ({entry.reason})" if entry.reason else ""
        hidden = " [private]" if entry.source is Source.NOTE and not entry.is_public else ""
        said, colour = f"{entry.text}{reason}{hidden}", SOURCE_COLOURS.get(entry.source, "")
        text = words.block(said, colour) if entry.source is Source.NOTE else times.line(said, colour)
        grid.add_row(times.exact(entry.at), words.line(entry.who), text)
    screen.show(heading(f"Timeline ({times.zone_name})"), grid)
    if found.hidden:
        screen.show(Text(f"{several(found.hidden, 'moment')} more, for those who work on incidents", "dim"))
