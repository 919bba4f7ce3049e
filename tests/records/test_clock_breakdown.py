"""Who had an incident, and for how long, is in the journal: the same on both databases."""

from datetime import timedelta
from pathlib import Path

from models.database import Database
from models.queries import incidents
from models.queries.incident_history import history_of
from models.queries.states import Because
from models.rules.clock_breakdown import break_down
from models.rules.clock_promises import Agreement, Measure
from models.rules.lifecycle import Role
from models.vocabulary import HoldReason
from tests.records.incident_site import ANNA, FIXED, HOUR, MONDAY, apply, opened

BELA = Because("bela", roles=frozenset({Role.OPERATOR}))


def shares(database: Database, number: int) -> list[tuple[str | None, str | None, timedelta, dict[str, timedelta]]]:
    """Those of the time to resolve that the caller was promised, two days later."""
    with database.read() as session:
        history = history_of(session, number)
    now = MONDAY + 48 * HOUR
    found = break_down(history.facts, history.promises, history.handovers, now)
    mine = [one for one in found if (one.agreement, one.measure) == (Agreement.SLA, Measure.RESOLVE)]
    return [(one.team, one.owner, one.actual, dict(one.held)) for one in mine]


def test_every_row_that_gives_it_to_somebody_counts(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        incident = opened(session)
        incidents.take(session, incident, ANNA, MONDAY + HOUR)
        incidents.note(session, incident, "cleo", "hm", public=False, now=MONDAY + HOUR)
        incidents.assign(session, incident, ("data-team", None), ANNA, MONDAY + 3 * HOUR)
        incidents.escalate(session, incident, ANNA, MONDAY + 4 * HOUR)
        incidents.hold(session, incident, HoldReason.CALLER, ANNA, MONDAY + 4 * HOUR)
        incidents.resume(session, incident, ANNA, MONDAY + 5 * HOUR)
        incidents.resolve(session, incident, FIXED, BELA, MONDAY + 6 * HOUR)
        number = incident.id
    assert shares(database, number) == [
        ("web-team", None, HOUR, {}),
        ("web-team", "anna", 2 * HOUR, {}),
        ("data-team", None, 2 * HOUR, {"caller": HOUR}),
    ]


def test_who_solves_it_has_it_from_then_on(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        incident = opened(session)
        incidents.resolve(session, incident, FIXED, BELA, MONDAY + HOUR)
        incidents.reopen(session, incident, ANNA, MONDAY + 3 * HOUR)
        incidents.resolve(session, incident, FIXED, BELA, MONDAY + 4 * HOUR)
        number = incident.id
    assert shares(database, number) == [("web-team", None, HOUR, {}), ("web-team", "bela", HOUR, {})]
