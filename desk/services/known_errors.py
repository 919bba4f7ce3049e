"""Known errors for people: listed with what became of them, and shown whole."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_service
from desk.services.errors import Misuse
from models.database import Database
from models.queries import desk_runs, known_errors
from models.queries.known_error_listing import NewestUse, newest_uses
from models.queries.problem_rules import read_handling
from models.records import KnownError
from models.rules.incidents import ticket_number
from models.rules.known_error_matching import Recognition, in_words
from models.rules.known_errors import Tally, known_error_id_of
from models.rules.wall_clock import zone_of
from models.vocabulary import KnownErrorState, TicketKind

MOST_USES = 10
STANDING = (KnownErrorState.DRAFT, KnownErrorState.PUBLISHED)


@dataclass(frozen=True)
class KnownErrorLine:
    """One known error of the list."""

    known_error: str
    """KE000012."""
    title: str
    state: KnownErrorState
    service: str | None
    category: str | None
    owner: str | None
    problem: str | None
    suggested: int
    used: int
    worked: int
    failed: int
    worked_percent: int | None
    """Of the uses of which it is known."""
    runs_itself: bool
    review_on: date | None
    is_review_due: bool


@dataclass(frozen=True)
class KnownErrorList:
    """Known errors, by number."""

    timezone: str
    at: datetime
    known_errors: tuple[KnownErrorLine, ...]


@dataclass(frozen=True)
class KnownErrorDetail:
    """Everything about one."""

    line: KnownErrorLine
    timezone: str
    at: datetime
    symptom: str
    recognises: str
    """In words."""
    recognise: Recognition
    root_cause: str | None
    workaround: str | None
    workaround_job: str | None
    check_job: str | None
    may_run_itself: bool
    """The site's policy lets its job start by itself."""
    why_not: str | None
    risk: str | None
    permanent_fix: str | None
    created_at: datetime
    created_by: str
    published_at: datetime | None
    retired_at: datetime | None
    uses: tuple[NewestUse, ...]


def list_known_errors(
    database: Database, states: tuple[KnownErrorState, ...], service: str | None, now: datetime
) -> KnownErrorList:
    """Those in these states, else all that are not retired. Raises NotFound for a service that there is not."""
    with database.read() as session:
        if service is not None:
            known_service(session, service)
        rows = known_errors.listed(session, states or STANDING, service)
        return KnownErrorList(desk_runs.site_zone(session), now, lines_of(session, rows, now))


def show(database: Database, number: str, now: datetime) -> KnownErrorDetail:
    """Everything about one. Raises Misuse for what is no number, NotFound."""
    with database.read() as session:
        return detail_of(session, row_of(session, number), now)


def lines_of(session: Session, rows: list[KnownError], now: datetime) -> tuple[KnownErrorLine, ...]:
    """The rows as plain values, with their counts."""
    counted = known_errors.tallies(session, [row.id for row in rows])
    today = now.astimezone(zone_of(desk_runs.site_zone(session))).date()
    return tuple(_line(row, counted[row.id], today) for row in rows)


def _line(row: KnownError, tally: Tally, today: date) -> KnownErrorLine:
    is_published = row.state is KnownErrorState.PUBLISHED
    return KnownErrorLine(
        known_error=row.number,
        title=row.title,
        state=row.state,
        service=row.recognise.get("service"),
        category=row.recognise.get("category"),
        owner=row.owner,
        problem=ticket_number(TicketKind.PROBLEM, row.problem_id) if row.problem_id is not None else None,
        suggested=tally.suggested,
        used=tally.used,
        worked=tally.worked,
        failed=tally.failed,
        worked_percent=tally.worked_percent,
        runs_itself=row.runs_itself,
        review_on=row.review_on,
        is_review_due=is_published and row.review_on is not None and row.review_on <= today,
    )


def detail_of(session: Session, row: KnownError, now: datetime) -> KnownErrorDetail:
    """Everything about one that was read."""
    facts = known_errors.facts_of(row)
    policy = read_handling(session).known_errors.policy()
    verdict = policy.allows(row.workaround_job or "", facts.recognise.service)
    return KnownErrorDetail(
        line=lines_of(session, [row], now)[0],
        timezone=desk_runs.site_zone(session),
        at=now,
        symptom=row.symptom,
        recognises=in_words(facts.recognise),
        recognise=facts.recognise,
        root_cause=row.root_cause,
        workaround=row.workaround,
        workaround_job=row.workaround_job,
        check_job=row.check_job,
        may_run_itself=row.runs_itself and verdict.allowed,
        why_not=verdict.reason if row.runs_itself and not verdict.allowed else None,
        risk=row.risk,
        permanent_fix=row.permanent_fix,
        created_at=row.created_at,
        created_by=row.created_by,
        published_at=row.published_at,
        retired_at=row.retired_at,
        uses=newest_uses(session, row.id, MOST_USES),
    )


def key_of(number: str) -> int:
    """The key of KE000012. Raises Misuse for anything else."""
    try:
        return known_error_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def row_of(session: Session, number: str) -> KnownError:
    """One by its number. Raises Misuse for what is none, NotFound."""
    return known_errors.get(session, key_of(number))
