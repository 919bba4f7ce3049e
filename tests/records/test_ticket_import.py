"""Tickets of another tool are taken in whole, once, as their source tells, and nothing else is touched."""

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from desk.services import imports
from models.database import Database
from models.queries import clock_cache, incidents, journal
from models.queries.states import Because
from models.records import (
    ImportedTicket,
    ImportRun,
    Incident,
    IncidentClock,
    JournalRow,
    Notice,
    Problem,
    Request,
    TicketLink,
)
from models.rules.service_clock import ClockState
from models.vocabulary import IncidentState, ProblemState, RequestState, SourceVerdict
from tests.records.incident_site import INCIDENTS, apply, kept, opened
from tests.ticket_lab import CHANGES, HEADER, NOW, TICKET_HEADER, TICKETS, row, take_in

LOG = HEADER + "".join(
    [
        row("A1", "2016-02-29 09:00", "New", team="web", priority="1 - Critical", service="shop", made_sla="true"),
        row("A2", "2016-02-29 08:00", "New", opened="2016-02-29 07:00", team="web", parent="A1"),
        row("A1", "2016-02-29 12:00", "Resolved", team="data", owner="bob", made_sla="true", room="3"),
        row("A1", "2016-02-29 10:00", "Active", team="data", owner="ada", made_sla="true", room="3"),
        row("A1", "2016-02-29 11:00", "Awaiting User", team="data"),
        row("A1", "2016-03-04 12:00", "Closed", made_sla="false", reopen_count="0", given="2", room="4"),
        row("A3", "2016-02-29 09:30", "Cancelled"),
    ]
)
LATER = LOG + row("A1", "2016-03-05 09:00", "Active", owner="bob") + row("A4", "2016-03-05 09:00", "New")


def counts(database: Database) -> tuple[int, ...]:
    with database.read() as session:
        tables = (Incident, ImportedTicket, JournalRow, TicketLink, IncidentClock, Notice)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def ticket(database: Database, number: str) -> tuple[Incident, ImportedTicket]:
    with database.read() as session:
        imported = session.scalars(select(ImportedTicket).where(ImportedTicket.external_id == number)).one()
        found = session.get_one(Incident, imported.ticket_id)
        session.expunge_all()
        return found, imported


def test_a_log_of_changes_becomes_tickets_with_their_whole_history(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    found = take_in(database, tmp_path, LOG)
    assert (found.rows, found.tickets, found.added, found.refused, found.links) == (7, 3, 3, 0, 1)
    incident, imported = ticket(database, "A1")
    assert (incident.state, incident.team, incident.owner, incident.priority) == ("closed", "data", "bob", "P1")
    assert (incident.look_at, incident.source) == (None, "old-desk")
    assert (imported.rows, imported.last_state, imported.made_sla) == (5, "Closed", SourceVerdict.MISSED)
    assert (imported.reopened_there, imported.reassigned_there) == (0, 2)
    assert imported.facts == {"room": "4"}
    assert imported.states == {"New": 1, "Active": 1, "Awaiting User": 1, "Resolved": 1, "Closed": 1}
    with database.read() as session:
        journal.verify(session)
        rows = journal.rows_about(session, f"incident/{incident.id}")
        told = [
            (one.tag.rpartition(":")[2], one.at[:13], one.actor) for one in rows if one.tag != "incidents:incident:link"
        ]
        assert session.scalar(select(func.count()).select_from(Notice)) == 0
    assert [action for action, _, _ in told] == ["open", "assign", "take", "hold", "assign", "resolve", "close"]
    assert told[0][1:] == ("2016-02-29T09", "import old-desk")
    assert told[-1][1] == "2016-03-04T12"
    second, _ = ticket(database, "A2")
    assert (second.opened_at.hour, second.state) == (7, IncidentState.NEW)


def test_its_clocks_are_those_that_a_repair_computes(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    take_in(database, tmp_path, LOG)
    incident, _ = ticket(database, "A1")
    with database.write() as session:
        before = kept(session, incident.id)
        assert before
        states = set(session.scalars(select(IncidentClock.state).where(IncidentClock.incident_id == incident.id)))
        assert states <= {ClockState.MET, ClockState.BREACHED}
        session.execute(delete(IncidentClock))
        clock_cache.rebuild(session, NOW)
        assert kept(session, incident.id) == before


def test_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path, LOG)
    before = counts(database)
    again = take_in(database, tmp_path, LOG)
    other_name = take_in(database, tmp_path / "other", LOG, CHANGES + "# the same map\n", name="copy.csv")
    assert [(one.added, one.continued, one.same, one.refused) for one in (again, other_name)] == [(0, 0, 3, 0)] * 2
    assert counts(database) == before


def test_a_longer_file_adds_what_is_new(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path / "first", LOG)
    found = take_in(database, tmp_path / "second", LATER)
    assert (found.added, found.continued, found.same, found.refused) == (1, 1, 2, 0)
    incident, imported = ticket(database, "A1")
    assert (incident.state, incident.reopened, incident.owner, imported.rows) == ("in progress", 1, "bob", 6)
    whole = take_in(database, tmp_path / "third", LATER + "\n")
    assert (whole.added, whole.continued, whole.same) == (0, 0, 4)
    with database.read() as session:
        journal.verify(session)


def test_a_file_with_only_the_new_rows_adds_them_once(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path / "first", LOG)
    new = HEADER + row("A1", "2016-03-05 09:00", "Active")
    assert take_in(database, tmp_path / "second", new).continued == 1
    assert take_in(database, tmp_path / "second", new).same == 1
    assert take_in(database, tmp_path / "third", LATER).continued == 0
    assert ticket(database, "A1")[0].reopened == 1


def test_another_story_than_before_is_refused_and_changes_nothing(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path / "first", LOG)
    before = counts(database)
    found = take_in(database, tmp_path / "second", LOG.replace("A1,2016-02-29 10:00", "A1,2016-02-29 10:01"))
    assert [(one.reason, one.rows) for one in found.reasons] == [("another story than before", 5)]
    assert (found.added, found.continued, counts(database)[:2]) == (0, 0, before[:2])


def test_a_ticket_that_was_worked_on_here_is_ours(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path / "first", LOG)
    incident, _ = ticket(database, "A2")
    with database.write() as session:
        incidents.take(session, session.get_one(Incident, incident.id), Because("ada"), NOW)
    found = take_in(database, tmp_path / "second", LOG + row("A2", "2016-03-01 08:00", "Closed"))
    assert [one.reason for one in found.reasons] == ["a ticket that was worked on here"]
    assert ticket(database, "A2")[0].state is IncidentState.IN_PROGRESS


def test_a_kill_leaves_whole_tickets_and_the_next_call_goes_on(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 1)
    real, calls = imports.write, []

    def killed(*given: object) -> object:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        take_in(database, tmp_path, LOG)
    assert counts(database)[:2] == (2, 2)
    monkeypatch.setattr(imports, "write", real)
    found = take_in(database, tmp_path, LOG)
    assert (found.is_resumed, found.added, found.same) == (True, 1, 2)
    with database.read() as session:
        runs = [
            (run.tickets, run.done, run.added, run.ended_at is not None) for run in session.scalars(select(ImportRun))
        ]
        journal.verify(session)
    assert runs == [(3, 3, 3, True)]


def test_every_good_row_is_in_and_every_bad_one_is_named(database: Database, tmp_path: Path) -> None:
    bad = [
        row("B1", "2016-13-01", "New"),
        row("B2", "2016-03-01", "Nowhere"),
        row("?", "2016-03-01", "New"),
        row("B3", "?", "New"),
        row("B4", "2016-03-01", "New").replace("\n", ",more\n"),
        row("B5", "2016-03-01", "New", made_sla="perhaps"),
        row("B6", "2016-03-01", "New", given="often"),
        row("B7", "2016-03-01", "New", team="t" * 129),
        row("B8", "2016-03-01", "New", parent="B9"),
        row("B9", "2016-03-01", "New", parent="B8"),
        row("B10", "2016-03-01", "New", parent="Z1"),
    ]
    refused = tmp_path / "refused.csv"
    found = take_in(database, tmp_path, LOG + "".join(bad), refused=refused)
    assert (found.added, found.refused) == (6, 11)
    lines = [line.split(",", 3) for line in refused.read_text().splitlines()]
    assert lines[0] == ["line", "ticket", "reason", "words"]
    assert [(int(line), reason) for line, _, reason, _ in lines[1:]] == [
        (9, "a time that cannot be read"),
        (10, "an unknown state"),
        (11, "no number"),
        (12, "no time"),
        (13, "another number of columns"),
        (14, "an unknown verdict"),
        (15, "a number that cannot be read"),
        (16, "a name that is too long"),
        (17, "a circle of parents"),
        (18, "a circle of parents"),
        (19, "a parent that there is not"),
    ]


def test_a_row_for_each_ticket(database: Database, tmp_path: Path) -> None:
    text = TICKET_HEADER + (
        "C1,2016-03-01 08:00,2016-03-01 10:00,2016-03-02 10:00,,Printer,web\n"
        "C2,2016-03-01 08:00,,,in progress,Mail,web\n"
        "C3,2016-03-01 08:00,2016-02-01 08:00,,,Ends before,web\n"
        "C1,2016-03-01 08:00,,,,Twice,web\n"
    )
    found = take_in(database, tmp_path / "first", text, TICKETS)
    assert (found.added, [one.reason for one in found.reasons]) == (
        2,
        ["an end before the beginning", "a number that comes twice"],
    )
    assert ticket(database, "C1")[0].title == "Printer"
    again = text.replace(
        "C2,2016-03-01 08:00,,,in progress,Mail,web", "C2,2016-03-01 08:00,2016-03-05 08:00,,,Mail,data"
    )
    later = take_in(database, tmp_path / "second", again, TICKETS)
    assert (later.added, later.continued, later.same) == (0, 1, 1)
    incident, _ = ticket(database, "C2")
    assert (incident.state, incident.team, incident.resolved_at and incident.resolved_at.day) == ("resolved", "data", 5)


@pytest.mark.parametrize(
    ("duplicates", "title", "left_out", "refused"),
    [("refuse", "first", 0, 1), ("keep first", "first", 1, 0), ("keep last", "last", 1, 0)],
)
def test_a_ticket_that_comes_twice(
    sqlite: Database, tmp_path: Path, duplicates: str, title: str, left_out: int, refused: int
) -> None:
    text = TICKET_HEADER + "C1,2016-03-01,,,,first,web\nC1,2016-03-01,,,,last,web\n"
    found = take_in(sqlite, tmp_path, text, f"{TICKETS}ids: {{duplicates: {duplicates}}}\n")
    assert (ticket(sqlite, "C1")[0].title, found.left_out, found.refused) == (title, left_out, refused)


def test_the_three_kinds_of_tickets(database: Database, tmp_path: Path) -> None:
    text = TICKET_HEADER + (
        "INC1,2016-03-01,,,resolved,a,web\n"
        "PRB1,2016-03-01,,,resolved,b,web\n"
        "PRB2,2016-03-01,,,known error,b,web\n"
        "PRB3,2016-03-01,,,risk accepted,b,web\n"
        "REQ1,2016-03-01,2016-03-02,2016-03-03,,c,web\n"
        "CHG1,2016-03-01,,,,d,web\n"
    )
    by_start = "kind: {column: number, starts_with: {INC: incident, PRB: problem, REQ: request}}"
    found = take_in(database, tmp_path, text, TICKETS.replace("kind: incident", by_start))
    assert (dict(found.kinds), found.refused) == ({"incident": 1, "problem": 3, "request": 1}, 1)
    with database.read() as session:
        assert [one.state for one in session.scalars(select(Problem).order_by(Problem.id))] == [
            ProblemState.RESOLVED,
            ProblemState.KNOWN_ERROR,
            ProblemState.RISK_ACCEPTED,
        ]
        request = session.scalars(select(Request)).one()
        assert (request.number[:3], request.state) == ("REQ", RequestState.CLOSED)


def test_an_imported_solution_never_ends_by_itself(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path, TICKET_HEADER + "C1,2016-03-01,2016-03-02,,resolved,a,web\n", TICKETS)
    with database.write() as session:
        assert incidents.close_due(session, NOW) == []


def test_nobody_hears_of_the_past_when_the_promises_change(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    take_in(database, tmp_path, LOG)
    with database.write() as session:
        live = opened(session)
        session.execute(update(Incident).values(look_at=None))
    apply(database, tmp_path / "site", INCIDENTS.replace("P1: 4h", "P1: 5h"))
    with database.read() as session:
        assert set(session.scalars(select(Incident.id).where(Incident.look_at.is_not(None)))) == {live.id}


def test_a_trial_writes_nothing(database: Database, tmp_path: Path) -> None:
    before = counts(database)
    found = take_in(database, tmp_path, LOG + row("B2", "2016-03-01", "Nowhere"), is_trial=True)
    assert (found.is_trial, found.added, found.refused, found.moves > 9) == (True, 3, 1, True)
    assert counts(database) == before
