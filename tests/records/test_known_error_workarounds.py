"""Workarounds that run by themselves: only where the site allows it, limited, verified, found again after a kill."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.database import Database
from models.queries import incidents, known_error_uses, known_error_workarounds, known_errors
from models.queries.book import read_book
from models.queries.states import Because
from models.records import Incident, KnownErrorUse, OutboxRow, Run, TicketLink
from models.rules.event_policies import IncidentRule
from models.rules.event_rule import PolicyRule
from models.rules.incidents import Solution
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.vocabulary import IncidentState, Outcome, ResolutionCode
from tests.records.events_lab import BEGIN, Lab
from tests.records.known_errors_lab import ALLOWED, FACTS, apply, end_run, look, notes, opened, published, uses

ITSELF = replace(FACTS, recognise=Recognition('name="HttpDown"'), workaround_job="restart", runs_itself=True)
SAID = replace(FACTS, workaround_job="restart", runs_itself=True)
ANNA = Because("anna")
FIXED = Solution(ResolutionCode.FIXED, "by hand")


def desk(database: Database, folder: Path) -> Callable[..., Lab]:
    """A desk whose site allows this, with this known error."""

    def made(facts: KnownErrorFacts = ITSELF, allowed: str = ALLOWED, **handling: object) -> Lab:
        apply(database, folder, allowed)
        with database.write() as session:
            published(session, facts)
        return Lab(database).registered().handled(**handling)

    return made


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Callable[..., Lab]:
    """A desk on each kind of database."""
    return desk(database, tmp_path / "site")


@pytest.fixture
def make_one(sqlite: Database, tmp_path: Path) -> Callable[..., Lab]:
    """The same on one kind, for what asks the database nothing new."""
    return desk(sqlite, tmp_path / "site")


def new(lab: Lab, **more: Any) -> int:
    """A person opens an incident that it recognises."""
    with lab.database.write() as session:
        return opened(session, now=lab.now(0), **more).id


def ran(lab: Lab) -> list[tuple[str, str, tuple[str, ...]]]:
    """Every run: its job, who asked for it, and its hosts."""
    with lab.database.read() as session:
        found = session.scalars(select(Run).order_by(Run.id))
        return [
            (run.job, run.requested_by, tuple(host for wave in run.plan["waves"] for host in wave)) for run in found
        ]


def test_the_job_runs_on_the_incidents_host_and_the_alert_that_clears_proves_it(make: Callable[..., Lab]) -> None:
    lab = make()
    lab.told(0, "+HttpDown host=web2")
    assert (ran(lab), uses(lab.database)[0].look_at) == ([], lab.now(0)), "wanted, and not done yet"
    look(lab, 1)
    look(lab, 1)
    assert ran(lab) == [("restart", "known errors", ("web2",))]
    end_run(lab, 20)
    look(lab, 25)
    lab.told(30, "-HttpDown host=web2")
    incident, (use,) = lab.incident(), uses(lab.database)
    assert (incident.state, incident.resolution_code) == (IncidentState.RESOLVED, ResolutionCode.KNOWN_ERROR)
    assert incident.resolution == (
        "KE000001 The pool of the shop runs dry: by the job restart (RUN000001); all its alerts are resolved"
    )
    assert (use.used_by, use.worked, use.attempt, use.run_id, use.look_at) == ("known errors", True, 1, 1, None)
    first, second = notes(lab.database)
    assert first.endswith("Restart the front.\nKE000001: the job restart is started by itself")
    assert second == "KE000001: attempt 1 of 2 by the job restart: RUN000001"
    with lab.database.read() as session:
        assert list(session.scalars(select(TicketLink.target))) == ["run/1"], "it stands in the timeline"


def test_a_job_of_this_machine_runs_there_whatever_the_host_of_the_incident(make_one: Callable[..., Lab]) -> None:
    lab = make_one(replace(ITSELF, workaround_job="call"), "known_errors: {automatic: true}\n")
    lab.told(0, "+HttpDown host=web2")
    look(lab, 1)
    assert ran(lab) == [("call", "known errors", ("local",))]


def test_it_is_tried_again_and_then_a_person_is_needed(make: Callable[..., Lab]) -> None:
    lab = make()
    lab.told(0, "+HttpDown host=web2")
    look(lab, 1)
    end_run(lab, 20)
    look(lab, 100)
    assert len(ran(lab)) == 1, "the alert has two minutes to clear"
    look(lab, 141)
    assert len(ran(lab)) == 2
    end_run(lab, 150, Outcome.FAILED)
    look(lab, 160)
    look(lab, 271)
    look(lab, 900)
    (use,) = uses(lab.database)
    assert (len(ran(lab)), use.worked, use.attempt, use.look_at) == (2, False, 2, None)
    assert notes(lab.database)[-1] == (
        "KE000001: attempt 2 of 2 by the job restart has not helped: RUN000002 ended failed, and its alerts fire still "
        "2m later; that was the last; a person is needed"
    )
    lab.told(910, "-HttpDown host=web2")
    assert lab.incident().resolution_code is ResolutionCode.CLEARED_BY_ITSELF


def test_an_incident_whose_alerts_do_not_resolve_it_is_resolved_when_they_have_cleared(
    make: Callable[..., Lab],
) -> None:
    lab = make(defaults=PolicyRule(incident=IncidentRule(resolves_itself=False)))
    lab.told(0, "+HttpDown host=web2")
    look(lab, 1)
    end_run(lab, 20)
    lab.told(30, "-HttpDown host=web2")
    assert lab.incident().state is IncidentState.NEW
    look(lab, 31)
    assert (lab.incident().resolution_code, lab.incident().resolved_by) == (ResolutionCode.KNOWN_ERROR, "known errors")
    assert notes(lab.database)[-1].endswith("has worked: its alerts have cleared")


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.FAILED])
def test_a_job_that_checks_says_whether_it_helped(make: Callable[..., Lab], outcome: Outcome) -> None:
    lab = make(replace(SAID, check_job="ask"))
    number = new(lab)
    look(lab, 1)
    end_run(lab, 20)
    look(lab, 25)
    look(lab, 26)
    assert ran(lab)[1:] == [("ask", "known errors", ("web2",))], "once"
    end_run(lab, 30, outcome)
    look(lab, 35)
    with lab.database.read() as session:
        incident = session.get_one(Incident, number)
        is_over = incident.resolution_code is ResolutionCode.KNOWN_ERROR
    assert is_over is (outcome is Outcome.OK)
    assert uses(lab.database)[0].worked is (True if is_over else None), "once more is allowed"
    assert len(ran(lab)) == (2 if is_over else 3)


def test_without_alerts_and_checks_nobody_can_tell_and_a_person_is_asked(make_one: Callable[..., Lab]) -> None:
    lab = make_one(SAID)
    new(lab)
    look(lab, 1)
    end_run(lab, 20)
    look(lab, 25)
    (use,) = uses(lab.database)
    assert (use.used_at, use.worked, use.look_at) == (lab.now(1), None, None)
    assert "no alert and no job that checks says whether it has helped" in notes(lab.database)[-1]


REASONS = {
    "not by default": ("", {}, "problems.yaml lets no workaround run by itself"),
    "another job": (
        ALLOWED.replace("[restart]", "[ask]"),
        {},
        "problems.yaml does not let the job restart run by itself",
    ),
    "a drill": (ALLOWED, {"is_drill": True}, "it is a drill"),
}


@pytest.mark.parametrize(("allowed", "more", "why"), REASONS.values(), ids=REASONS)
def test_what_may_not_run_by_itself_is_suggested_with_the_reason(
    make_one: Callable[..., Lab], allowed: str, more: dict[str, Any], why: str
) -> None:
    lab = make_one(SAID, allowed)
    new(lab, **more)
    look(lab, 1)
    assert ran(lab) == []
    assert f"KE000001: the job restart is not started by itself: {why}" in notes(lab.database)[0]


def test_one_that_is_only_alike_is_never_started(make_one: Callable[..., Lab]) -> None:
    lab = make_one(replace(SAID, recognise=Recognition()))
    with lab.database.write() as session:
        incident = opened(session, title="Shop: basket forgets vouchers")
        use = known_error_uses.use(session, incident, known_errors.get(session, 1), "anna", BEGIN)
        known_error_uses.worked(session, use, True, ANNA, BEGIN)
    new(lab, title="Vouchers vanish from the basket")
    look(lab, 1)
    assert (len(uses(lab.database)), ran(lab)) == (2, [])


HOSTS = {
    "no host": ({"host": None}, "the incident names no host"),
    "a host of others": ({"host": "db1"}, "the job restart is not for the host db1"),
}


@pytest.mark.parametrize(("more", "why"), HOSTS.values(), ids=HOSTS)
def test_what_cannot_be_started_is_tried_again_said_and_never_counted(
    make_one: Callable[..., Lab], more: dict[str, Any], why: str
) -> None:
    lab = make_one(SAID)
    new(lab, **more)
    for second in (1, 122, 243, 999):
        look(lab, second)
    (use,) = uses(lab.database)
    assert (ran(lab), use.attempt, use.used_at, use.worked, use.look_at) == ([], 2, None, None, None)
    assert [f"it could not be started: {why}" in note for note in notes(lab.database)] == [False, True, True]


def test_who_takes_the_incident_or_ends_it_is_not_disturbed(make_one: Callable[..., Lab]) -> None:
    lab = make_one(SAID)
    first, second = new(lab), new(lab)
    with lab.database.write() as session:
        incidents.take(session, session.get_one(Incident, first), ANNA, lab.now(0))
        incidents.resolve(session, session.get_one(Incident, second), FIXED, ANNA, lab.now(0))
    look(lab, 1)
    assert ran(lab) == []
    assert notes(lab.database)[-1] == "KE000001: the job restart is not started: somebody works on it"
    assert [use.look_at for use in uses(lab.database)] == [None, None]


def test_a_person_who_used_it_and_whose_alert_clears_has_solved_it_with_it(make: Callable[..., Lab]) -> None:
    lab = make(replace(ITSELF, workaround_job=None, runs_itself=False))
    lab.told(0, "+HttpDown host=web2")
    with lab.database.write() as session:
        known_errors.use(session, session.get_one(Incident, 1), known_errors.get(session, 1), "anna", lab.now(5))
    lab.told(30, "-HttpDown host=web2")
    assert lab.incident().resolution_code is ResolutionCode.KNOWN_ERROR
    assert uses(lab.database)[0].worked is True


class Killed(Exception):
    """The part `events` dies here."""


def test_whatever_moment_it_is_killed_at_the_job_is_started_once(
    make: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the intent and the act, and between the act and the note of it: the next look does it, and only once."""
    lab = make(SAID)
    new(lab)
    for where in ("use", "_note"):

        def dies(*_: object, **__: object) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(known_error_workarounds, where, dies)
            with pytest.raises(Killed):
                look(lab, 1)
        assert (ran(lab), uses(lab.database)[0].attempt) == ([], 0), "all of it or nothing"
    look(lab, 2)
    look(lab, 3)
    assert len(ran(lab)) == 1
    with lab.database.read() as session:
        assert len(session.scalars(select(OutboxRow)).all()) == 1
        assert session.scalars(select(KnownErrorUse.attempt)).all() == [1]
        assert known_error_workarounds.look(session, read_book(session), lab.now(3)) == 0
