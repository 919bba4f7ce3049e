"""problem show: one readable page."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from desk.cli import problem_said, words
from desk.cli.chain_view import AsChain, show_chain
from desk.cli.common import COMMON, Common
from desk.cli.incident_words import STATE_COLOURS
from desk.cli.problem_said import NEXT
from desk.cli.problem_work import Problem
from desk.cli.screen import Screen, facts, heading, table
from desk.services import problem_details
from desk.services.opening import opened
from desk.services.problem_details import Analysis, Cost, Entered, ProblemDetail
from desk.services.problems import key_of
from desk.services.small_words import several
from models import clock
from models.queries.incident_timeline import Source

Rows = Iterator[tuple[str, RenderableType]]
MOST_INCIDENTS = 20


def show(problem: Problem, /, *, chain: AsChain = False, common: Common = COMMON) -> int:
    """Everything about one problem: where it stands, its analysis, incidents, cost, tasks, and its timeline."""
    if chain:
        return show_chain(f"problem/{key_of(problem)}", common)
    with opened(common.settings()) as database:
        found = problem_details.show_problem(database, problem, common.who(), clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def _show(screen: Screen, found: ProblemDetail) -> None:
    times, line = words.Clock(found.timezone, found.at), found.line
    drill = ("  (a drill)", "yellow") if line.is_drill else ""
    screen.show(Text.assemble((line.problem, "bold"), "  ", words.line(line.title), drill))
    screen.show("", facts([*_head(found, times), *_found_out(found, times)]))
    if found.description:
        screen.show("", words.block(found.description.strip()))
    _analysis(screen, found.analysis)
    if found.tasks:
        _tasks(screen, found, times)
    if found.incidents:
        _incidents(screen, found, times)
    _timeline(screen, found, times)
    if line.state in NEXT:
        screen.say("")
        screen.next(NEXT[line.state].format(line.problem))


def _head(found: ProblemDetail, times: words.Clock) -> Rows:
    line = found.line
    again = f", reopened {line.reopened} times" if line.reopened > 1 else ", reopened once" if line.reopened else ""
    ended = f" ({line.outcome.value})" if line.outcome else ""
    yield "state", problem_said.state(line).append(f"{ended}{again}", "not bold default")
    yield "priority", f"{line.priority}  (impact {line.impact}, urgency {line.urgency})"
    yield "with", problem_said.who_has_it(line)
    for name, value in (("service", line.service), ("host", line.host), ("category", line.category)):
        if value:
            yield name, value
    yield "opened", words.line(f"{times.when(line.opened_at)} by {found.opened_by}, {line.origin.value}")
    if line.target_at:
        yield "decide by", Text(times.when(line.target_at), "bold red" if line.target_at <= found.at else "")
    if found.change_reference:
        yield "change", words.line(found.change_reference)
    if found.original:
        yield "duplicate of", found.original
    yield "cost", _cost(found.cost)


def _found_out(found: ProblemDetail, times: words.Clock) -> Rows:
    line = found.line
    if found.cause:
        yield "root cause", words.block(found.cause)
    if found.workaround:
        told = f" (told {times.when(found.workaround_at)})" if found.workaround_at else " (not published)"
        yield "workaround", words.block(f"{found.workaround}{told}")
    if found.fix and found.fixed_at:
        yield "fix", words.block(f"{found.fix} ({times.when(found.fixed_at)})")
    for known in found.known_errors:
        yield "known error", words.line(f"{known.known_error} {known.title} ({known.state.value})")
    if line.watch_until:
        yield "watched until", times.when(line.watch_until)
    if found.close_at:
        yield "closes", f"{times.when(found.close_at)}, if nobody objects"
    if line.risk_until:
        yield (
            "risk accepted",
            words.block(f"by {found.risk_by} until {times.when(line.risk_until)}: {found.risk_words}"),
        )
    if line.review_due_at:
        yield "review", Text(f"due {times.when(line.review_due_at)}", "red" if line.review_due_at <= found.at else "")
    if found.review and found.reviewed_at:
        yield "reviewed", words.line(f"{times.when(found.reviewed_at)} by {found.review.people}")
        yield "went well", words.block(found.review.went_well)
        yield "went badly", words.block(found.review.went_badly)
        yield "changes", words.block(found.review.changes)


def _cost(cost: Cost) -> str:
    money = ", ".join(f"{amount} {currency}" for currency, amount in cost.money.items())
    without = f"; {cost.hours_without_cost:.1f} h have no price" if money and cost.hours_without_cost else ""
    return f"{cost.hours:.1f} h{f', {money}' if money else ''}{without}"


def _analysis(screen: Screen, found: Analysis) -> None:
    for name, entries in (("Symptoms", found.symptoms), ("Impact", found.impacts)):
        if entries:
            screen.show(heading(name), *(words.block(entry.text) for entry in entries))
    if found.whys:
        screen.show(heading("Why"), facts((f"{entry.number}.", words.block(entry.text)) for entry in found.whys))
    if found.causes:
        screen.show(heading("Causes"), *map(_branch, found.causes))


def _branch(entry: Entered) -> Text:
    return Text("   " * entry.depth).append(f"{entry.id}  ", "dim").append_text(words.line(entry.text))


def _tasks(screen: Screen, found: ProblemDetail, times: words.Clock) -> None:
    grid = table("task", "due", "owner", "", wide=("",), right=("task",))
    for task in found.tasks:
        due = Text(times.when(task.due_at) if task.due_at else "", "bold red" if task.is_overdue else "")
        if task.done_at:
            due = Text(f"done {times.when(task.done_at)} by {task.done_by}", "green")
        grid.add_row(str(task.id), due, task.owner or "", words.line(task.title))
    screen.show(heading("Tasks"), grid)


def _incidents(screen: Screen, found: ProblemDetail, times: words.Clock) -> None:
    grid = table("incident", "state", "opened", "", wide=("",))
    newest = list(reversed(found.incidents))
    for one in newest[:MOST_INCIDENTS]:
        after = Text("  after the fix", "red") if one.came_after_fix else Text("")
        colour = STATE_COLOURS[one.state]
        title = words.line(one.title).append_text(after)
        grid.add_row(Text(one.incident, "bold"), Text(one.state.value, colour), times.when(one.opened_at), title)
    screen.show(heading(f"Incidents ({len(found.incidents)})"), grid)
    if len(newest) > MOST_INCIDENTS:
        screen.show(Text(f"{len(newest) - MOST_INCIDENTS} earlier ones: --json has all", "dim"))


def _timeline(screen: Screen, found: ProblemDetail, times: words.Clock) -> None:
    grid = table("when", "who", "", wide=("",))
    for entry in found.timeline:
        said = f"{entry.text}{f' ({entry.reason})' if entry.reason else ''}"
        text = words.block(said, "bold") if entry.source is Source.NOTE else times.line(said)
        grid.add_row(times.exact(entry.at), words.line(entry.who), text)
    screen.show(heading(f"Timeline ({times.zone_name})"), grid)
    if found.hidden:
        screen.show(Text(f"{several(found.hidden, 'moment')} more, for those who work on problems", "dim"))
