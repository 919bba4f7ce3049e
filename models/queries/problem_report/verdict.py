"""What share of the lost hours has a known cause, which problem to pay for next, and what needs somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.queries.daily_operations.content import Mood, Verdict
from models.queries.problem_report.facts import (
    Accepted,
    CandidateLine,
    Decision,
    Lost,
    Money,
    OpenProblem,
    Sheet,
    Solved,
)
from models.queries.problem_report.measured import Measure, Result
from models.rules.figure_words import hours_text, money_text
from models.vocabulary import ProblemState

UNDER_WAY = (ProblemState.FIX_IN_PROGRESS, ProblemState.WATCHING, ProblemState.RESOLVED)
WAITS_TOO_LONG = timedelta(days=7)
FEW = 5
WORTH_A_SENTENCE = (Result.WORSE, Result.LONG_WORSE)


@dataclass(frozen=True)
class Told:
    """What the verdict is made of."""

    until: datetime
    lost: Lost
    measures: tuple[Measure, ...]
    open: tuple[OpenProblem, ...]
    solved: tuple[Solved, ...]
    accepted: tuple[Accepted, ...]
    candidates: tuple[CandidateLine, ...]
    sheets: tuple[Sheet, ...]


def verdict(told: Told) -> Verdict:
    """At most two sentences, and below them what needs somebody, worst first."""
    needs = tuple(_needs(told))
    lost, named = told.lost, pay_next(told.open)
    if not (lost.incidents or told.open or told.solved or told.accepted or told.sheets):
        return Verdict(Mood.NO_DATA, "No data: there was no incident in 90 days, and there is no problem.", needs)
    headline = f"{_known(lost)} {_next(named)}"
    return Verdict(Mood.NEEDS_YOU if needs else Mood.WELL, headline, needs)


def pay_next(open_ones: tuple[OpenProblem, ...]) -> OpenProblem | None:
    """The one that costs the most and whose fix is not under way; by hours where the costs cannot be compared."""
    waiting = [one for one in open_ones if one.state not in UNDER_WAY and one.hours_90 > 0]
    currencies = {currency for one in waiting for currency in one.cost_90}
    if len(currencies) == 1 and all(one.cost_90 for one in waiting):
        return max(waiting, key=lambda one: (sum(one.cost_90.values()), one.hours_90), default=None)
    return max(waiting, key=lambda one: one.hours_90, default=None)


def decisions(told: Told) -> Iterator[Decision]:
    """What somebody is asked to decide, and what it costs not to."""
    named = pay_next(told.open)
    if named is not None:
        months = f"{hours_text(named.hours_90 / 3)}{_and(_third(named.cost_90))} a month go on being lost"
        yield Decision(
            f"Pay for the fix of {named.number} {named.title}.", f"At the rate of the last 90 days {months}."
        )
    for one in told.accepted:
        if one.ends_soon:
            yield Decision(
                f"Decide again on the risk of {one.number} {one.title}.",
                f"It ends on its own, and the problem is open again; 90 days cost {hours_text(one.hours_90)}.",
            )
    for candidate in told.candidates[:FEW]:
        if told.until - candidate.found_at >= WAITS_TOO_LONG:
            yield Decision(
                f"Say whether {candidate.title} is a problem.",
                f"{candidate.number} incidents, {hours_text(candidate.hours)} so far; nobody looks for their cause.",
            )


def _known(lost: Lost) -> str:
    if not lost.incidents:
        return "No incident was opened in 90 days."
    if lost.hours <= 0:
        return "The incidents of 90 days cost no hour."
    share = round(100 * lost.hours_known / lost.hours)
    if 0 < lost.hours_known < lost.hours:
        share = min(max(share, 1), 99)
    money = _and(lost.cost)
    return f"{share} % of the {hours_text(lost.hours)}{money} lost in 90 days have a known cause."


def _next(named: OpenProblem | None) -> str:
    if named is None:
        return "No open problem that costs hours waits for its fix."
    return f"Pay next for {named.number} {named.title}: {hours_text(named.hours_90)}{_and(named.cost_90)} in 90 days."


def _needs(told: Told) -> Iterator[str]:
    for solved in told.solved:
        if solved.is_proven is False:
            yield f"{solved.number} {solved.title}: called solved, and it {solved.proof}."
    for one in told.open:
        if one.reopened and one.state is ProblemState.UNDER_INVESTIGATION:
            yield f"{one.number} {one.title}: its fix did not hold, it is investigated anew."
    for one in told.open:
        if one.step.is_overdue:
            yield f"{one.number}: overdue: {one.step.text}{_by(one.step.who)}."
    for measure in told.measures:
        yield from _measure(measure)
    yield from _few("has no owner", "have no owner", [one.number for one in told.open if one.owner is None])
    ends = [one.number for one in told.accepted if one.ends_soon]
    yield from _few("is an accepted risk that ends within 30 days", "are accepted risks that end within 30 days", ends)
    reviews = [sheet.number for sheet in told.sheets if sheet.is_review_due]
    yield from _few("is due for review", "are due for review", reviews)
    waiting = [one for one in told.candidates if told.until - one.found_at >= WAITS_TOO_LONG]
    if waiting:
        candidates = "candidate waits" if len(waiting) == 1 else "candidates wait"
        yield f"{len(waiting)} {candidates} for a decision for more than 7 days: `watchbill problem candidates`."


def _measure(one: Measure) -> Iterator[str]:
    """A target that is missed, or a change for the worse that is more than chance."""
    unit = " %" if one.is_percent else "" if one.figure else " h"
    last = one.history[-1].value
    value = (
        f" {last:.0f}{unit}," if last is not None else f" {one.figure.number} of {one.figure.of}," if one.figure else ""
    )
    if one.is_met is False:
        yield f"{one.name}:{value} target {one.target:.0f}{unit}: missed."
    elif one.result is Result.SUDDENLY_WORSE:
        before = next(point.value for point in reversed(one.history[:-1]) if point.value is not None)
        yield f"{one.name}:{value} {one.result.value} ({before:.0f}{unit} before)."
    elif one.result in WORTH_A_SENTENCE and one.limits is not None:
        yield f"{one.name}:{value} {one.result.value} ({one.limits.lower:.0f} to {one.limits.upper:.0f}{unit})."


def _few(one: str, several: str, numbers: list[str]) -> Iterator[str]:
    if numbers:
        more = f" and {len(numbers) - FEW} more" if len(numbers) > FEW else ""
        yield f"{', '.join(numbers[:FEW])}{more} {one if len(numbers) == 1 else several}."


def _by(who: str | None) -> str:
    return f" ({who})" if who else ""


def _third(cost: Money) -> Money:
    return {currency: amount / 3 for currency, amount in cost.items()}


def _and(cost: Money) -> str:
    return f" and {money_text(cost)}" if cost else ""
