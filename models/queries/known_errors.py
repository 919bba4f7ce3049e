"""Known errors: written down, published, reviewed, retired. What became of them on incidents is in known_error_uses."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, time

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import desk_runs, journal, known_error_news
from models.queries.known_error_suggesting import Suggestion, suggest
from models.queries.known_error_uses import subject_of, tallies, use, uses_of, worked
from models.queries.problem_rules import read_handling
from models.queries.states import Because, advance
from models.records import KnownError, KnownErrorKey
from models.rules import known_error_filing as filing
from models.rules import known_error_matching as matching
from models.rules.incidents import fitting_title
from models.rules.known_errors import (
    KnownErrorFacts,
    hindrances,
    known_error_id_of,
    known_error_number,
    problems_of,
)
from models.rules.wall_clock import to_instant, zone_of
from models.vocabulary import KnownErrorState

__all__ = [
    "Suggestion", "create", "edit", "facts_of", "get", "listed", "look", "of_problem", "publish",
    "retire", "suggest", "tallies", "use", "uses_of", "worked",
]  # fmt: skip
PUBLISHED = KnownErrorState.PUBLISHED


def get(session: Session, number_or_id: str | int) -> KnownError:
    """One known error, by KE000012 or its key. Raises NotFound, and ValueError for what is no number."""
    number = number_or_id if isinstance(number_or_id, int) else known_error_id_of(number_or_id)
    found = session.get(KnownError, number)
    if found is None:
        raise NotFound(f"there is no known error {known_error_number(number)}: see `watchbill known-error list`")
    return found


def of_problem(session: Session, problem_id: int) -> list[KnownError]:
    """The known errors of a problem, by number."""
    query = select(KnownError).where(KnownError.problem_id == problem_id)
    return list(session.scalars(query.order_by(KnownError.id)))


def listed(session: Session, states: Sequence[KnownErrorState], service: str | None = None) -> list[KnownError]:
    """Those in these states, by number; of a service those that ask for it, or for none."""
    query = select(KnownError).where(KnownError.state.in_(states)).order_by(KnownError.id)
    return [row for row in session.scalars(query) if service is None or row.recognise.get("service") in (None, service)]


def facts_of(row: KnownError) -> KnownErrorFacts:
    """What it says."""
    values = {name: getattr(row, name) for name in KnownErrorFacts.__annotations__}
    return KnownErrorFacts(**{**values, "recognise": matching.of_spec(row.recognise)})


def create(
    session: Session, facts: KnownErrorFacts, because: Because, now: datetime, problem_id: int | None = None
) -> KnownError:
    """Write a new one down, as a draft. Raises Refused for one that cannot be."""
    _check(problems_of(facts))
    row = KnownError(**_columns(facts), created_at=now, created_by=because.actor, problem_id=problem_id)
    session.add(row)
    session.flush()
    told = {"problem": f"problem/{problem_id}"} if problem_id is not None else {}
    fact = journal.Fact(
        tag="problems:known-error:create",
        subject=subject_of(row.id),
        actor=because.actor,
        target=row.state.value,
        reason=because.reason,
        facts={"title": row.title, **told},
        key=because.key,
        at=now,
    )
    journal.append(session, fact)
    return row


def edit(session: Session, row: KnownError, facts: KnownErrorFacts, because: Because, now: datetime) -> bool:
    """Say it better. False: it said so already. Raises Refused as `create`; one that is published stays of help."""
    _check([*problems_of(facts), *(hindrances(facts) if row.state is PUBLISHED else ())])
    columns = _columns(facts)
    changes = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if not changes:
        return False
    if row.state is PUBLISHED:
        if facts.review_on is None:
            raise Refused(f"{row.number} is published: it needs a day on which somebody looks whether it holds still")
        if "review_on" in changes:
            changes["look_at"] = _begin_of(session, facts.review_on)
    done = advance(session, row, "edit", replace(because, at=now), **changes)
    if row.state is PUBLISHED:
        _file(session, row)
    return done


def publish(session: Session, row: KnownError, because: Because, now: datetime) -> bool:
    """Show it to all who work on incidents from now on. Raises Refused when it would help nobody."""
    _check(hindrances(facts_of(row)))
    today = now.astimezone(zone_of(desk_runs.site_zone(session))).date()
    review_on = row.review_on
    if review_on is None or review_on <= today:
        review_on = today + read_handling(session).known_errors.review_after
    changes = {"published_at": now, "review_on": review_on, "look_at": _begin_of(session, review_on)}
    done = advance(session, row, "publish", replace(because, at=now), **changes, retired_at=None)
    _file(session, row)
    return done


def retire(session: Session, row: KnownError, because: Because, now: datetime) -> bool:
    """Suggest it no more: its fix is in, or it was none."""
    done = advance(session, row, "retire", replace(because, at=now), retired_at=now, look_at=None)
    # After the move, which waits for who is saying it better: what they file is taken away, too.
    session.execute(delete(KnownErrorKey).where(KnownErrorKey.known_error_id == row.id))
    return done


def look(session: Session, now: datetime) -> int:
    """Tell the owners of those whose review is due, each once. How many there were."""
    due = session.scalars(select(KnownError).where(KnownError.look_at <= now)).all()
    for row in due:
        row.look_at = None
        known_error_news.review_due(session, row, now)
    return len(due)


def _columns(facts: KnownErrorFacts) -> dict[str, object]:
    columns = {
        **asdict(facts),
        "title": fitting_title(facts.title),
        "recognise": matching.as_spec(facts.recognise.checked()),
    }
    return {name: value.strip() if isinstance(value, str) else value for name, value in columns.items()}


def _file(session: Session, row: KnownError) -> None:
    """File it under what it asks for, so that incidents find it."""
    wanted = matching.of_spec(row.recognise)
    session.execute(delete(KnownErrorKey).where(KnownErrorKey.known_error_id == row.id))
    if not wanted:
        return
    possible = filing.possible_keys(wanted)
    query = select(KnownErrorKey.key, func.count()).where(KnownErrorKey.key.in_(possible)).group_by(KnownErrorKey.key)
    filed = dict(session.execute(query).tuples().all())
    same = {"service": wanted.service, "category": wanted.category, "pieces": filing.pieces_of(wanted)}
    session.add_all(
        KnownErrorKey(key=key, known_error_id=row.id, score=matching.highest_score(wanted), **same)
        for key in sorted(filing.filed_under(wanted, filed))
    )
    session.flush()


def _begin_of(session: Session, day: date) -> datetime:
    """When a day begins at the site."""
    return to_instant(datetime.combine(day, time()), zone_of(desk_runs.site_zone(session)))


def _check(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise Refused("; ".join(found))
