"""The known error sheets: what to do when the telephone rings, one to a page."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from models.queries import known_errors
from models.queries.problem_report.facts import Sheet
from models.queries.problem_report.measured import Figure
from models.queries.problem_report.reading import Ground
from models.records import KnownError
from models.rules.incidents import ticket_number
from models.rules.known_error_matching import in_words, of_spec
from models.rules.wall_clock import wall_time
from models.vocabulary import KnownErrorState, TicketKind


def sheets(session: Session, ground: Ground) -> Iterator[Sheet]:
    """Every known error that is published, those used most in the period first."""
    rows = [row for row in ground.known_errors if row.state is KnownErrorState.PUBLISHED]
    tallies = known_errors.tallies(session, [row.id for row in rows])
    today = wall_time(ground.period.until, ground.zone).date()
    found = []
    for row in rows:
        used = [use.incident for use in ground.uses if use.known_error == row.id and ground.period.holds(use.used_at)]
        tally = tallies[row.id]
        worked = Figure(tally.worked, tally.worked + tally.failed)
        found.append(_sheet(ground, row, used, (tally.suggested, tally.used, worked), today))
    yield from sorted(found, key=lambda one: (-one.used.number, -one.used_ever, one.number))


def _sheet(ground: Ground, row: KnownError, used: list[int], counts: tuple[int, int, Figure], today: date) -> Sheet:
    problem = ground.problems.get(row.problem_id or 0)
    suggested, used_ever, worked = counts
    return Sheet(
        number=row.number,
        title=row.title,
        state=row.state.value,
        symptom=row.symptom,
        recognise=in_words(of_spec(row.recognise)) if row.recognise else "",
        steps=tuple(line.strip() for line in (row.workaround or "").splitlines() if line.strip()),
        how=_how(row),
        risk=row.risk,
        cause=row.root_cause or (problem.cause if problem else None),
        permanent_fix=row.permanent_fix or (problem.fix if problem else None),
        problem=problem.number if problem else None,
        problem_state=problem.state.value if problem else None,
        change=problem.change_reference if problem else None,
        owner=row.owner,
        review_on=row.review_on,
        is_review_due=row.review_on is not None and row.review_on <= today,
        published_at=row.published_at,
        suggested=suggested,
        used=Figure(len(used), None, tuple(ticket_number(TicketKind.INCIDENT, key) for key in sorted(used))),
        used_ever=used_ever,
        worked=worked,
    )


def _how(row: KnownError) -> str:
    if row.workaround_job is None:
        return "by hand"
    if row.runs_itself:
        return f"by itself: the job {row.workaround_job} runs where policy allows it"
    return f"by the job {row.workaround_job}, when somebody starts it"
