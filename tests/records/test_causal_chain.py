"""One chain: expected run, run, alert, incident, problem, known error, fix, recurrence; from wherever it is walked."""

from pathlib import Path

import pytest
from sqlalchemy import insert, update

from models.database import Database
from models.errors import NotFound
from models.queries import incidents, problems
from models.queries.causal_chain import Chain, Direction, Kind, causal_chain
from models.queries.states import Because
from models.records import (
    Alert,
    AlertGroup,
    CorrectiveRun,
    Event,
    Incident,
    Run,
    Slot,
    TicketLink,
)
from models.vocabulary import (
    AlertAction,
    LinkVerb,
    Outcome,
    RunState,
    SlotState,
    Trigger,
)
from tests.records.chain_lab import DUE, MINUTE, Lab, lab_of
from tests.records.problem_year import ADA, at


@pytest.fixture
def lab(sqlite: Database, tmp_path: Path) -> Lab:
    return lab_of(sqlite, tmp_path)


def walk(lab: Lab, start: str) -> Chain:
    with lab.year.database.read() as session:
        return causal_chain(session, start)


def story_of(lab: Lab) -> dict[str, str]:
    """A whole chain: the subject of each of its things."""
    year = lab.year
    with year.at_once() as session:
        event = Event(name="load-done", source="erp", facts={}, received_at=DUE - MINUTE, sent_by="erp")
        session.add(event)
        session.flush()
        slot, run = lab.work(DUE, Outcome.FAILED, event.id)
        first = year.incident(DUE + 6 * MINUTE, 3, title="The nightly import failed")
        labels = {"job": "nightly", "kind": "failed"}
        alert = lab.alert(1, DUE + 5 * MINUTE, first, source="jobs", name="job nightly", labels=labels)
        one = year.problem("The import hangs", at(7))
        incidents.link(session, session.get_one(Incident, first), LinkVerb.CAUSED_BY, f"problem/{one.id}", ADA, at(7))
        year.cause(one, at(8), "A lock.")
        known = year.known(at(9), one, workaround="Start it again.")
        year.used(first, known, DUE + 30 * MINUTE)
        year.fix(one, at(12), "The lock is gone.")
        back = year.incident(at(20), 2, one, title="The nightly import failed")
        problems.reopen(session, one, Because("ada", "it came back"), at(20))
    with year.database.read() as session:
        fix = next(node.subject for node in causal_chain(session, f"problem/{one.id}").nodes if node.kind is Kind.FIX)
    return {
        "event": f"event/{event.id}",
        "slot": f"slot/{slot}",
        "run": f"run/{run}",
        "alert": alert,
        "incident": f"incident/{first}",
        "problem": f"problem/{one.id}",
        "known error": f"known-error/{known}",
        "fix": fix,
        "recurrence": f"incident/{back}",
    }


ORDER = ("event", "slot", "run", "alert", "incident", "problem", "known error", "fix", "recurrence")


def test_the_chain_is_whole_from_wherever_it_is_walked(database: Database, tmp_path: Path) -> None:
    lab = lab_of(database, tmp_path)
    story = story_of(lab)
    for start in ORDER:
        chain = walk(lab, story[start])
        assert {node.subject for node in chain.nodes} == set(story.values()), start
        assert (chain.start, chain.more, chain.not_followed) == (story[start], (), ())
        verbs = {(edge.earlier, edge.later): edge.verb for edge in chain.edges}
        for earlier, later, verb in (
            ("event", "slot", "released"),
            ("slot", "run", "started"),
            ("run", "alert", "failed into"),
            ("alert", "incident", "is part of"),
            ("problem", "known error", "is known as"),
            ("known error", "fix", "was fixed by"),
            ("fix", "recurrence", "did not hold:"),
        ):
            assert verbs[story[earlier], story[later]] == verb, start


def test_each_thing_says_its_number_its_state_and_when(lab: Lab) -> None:
    story = story_of(lab)
    nodes = {node.subject: node for node in walk(lab, story["problem"]).nodes}
    run, problem, fix = nodes[story["run"]], nodes[story["problem"]], nodes[story["fix"]]
    assert (run.kind, run.number, run.state, run.at, run.detail) == (
        Kind.RUN,
        f"RUN{int(story['run'][4:]):06d}",
        "failed",
        DUE,
        "app1: exit code 3",
    )
    assert (problem.state, problem.detail) == ("under investigation", "2 incidents; cause: A lock.")
    assert (fix.number, fix.title, fix.state, fix.at) == ("CHG-88", "The lock is gone.", "did not hold", at(12))
    times = [node.at for node in walk(lab, story["problem"]).nodes]
    assert times == sorted(time for time in times if time is not None)


def test_an_incident_that_is_reopened_after_the_fix_says_that_it_did_not_hold(lab: Lab) -> None:
    year = lab.year
    with year.at_once() as session:
        one = year.problem("The pool is too small", at(3))
        early = session.get_one(Incident, year.incident(at(3), None, one, title="Slow"))
        year.cause(one, at(4))
        problems.begin_fix(session, one, ADA, at(4), "CHG-1")
        problems.publish_fix(session, one, "A larger pool.", ADA, at(5))
        incidents.reopen(session, early, Because("bela", "still slow"), at(6))
    with year.database.write() as session:
        problems.look(session, at(6.5))
    for start in (f"incident/{early.id}", f"problem/{one.id}"):
        chain = walk(lab, start)
        (fix,) = (node for node in chain.nodes if node.kind is Kind.FIX)
        assert fix.state == "did not hold"
        verbs = {(edge.earlier, edge.later): edge.verb for edge in chain.edges}
        assert verbs[fix.subject, f"incident/{early.id}"] == "did not hold:"
        assert verbs[f"incident/{early.id}", f"problem/{one.id}"] == "belongs to"
    with year.at_once() as session:
        again = problems.get(session, one.id)
        problems.find_cause(session, again, "a lock", ADA, at(7))
        problems.begin_fix(session, again, ADA, at(7), "CHG-2")
        problems.publish_fix(session, again, "No lock.", ADA, at(8))
    fixes = [node for node in walk(lab, f"problem/{one.id}").nodes if node.kind is Kind.FIX]
    assert [(node.number, node.state) for node in fixes] == [("CHG-1", "did not hold"), ("CHG-2", "holds so far")]


def test_a_storm_of_400_alerts_is_summed_up(lab: Lab) -> None:
    with lab.year.at_once():
        incident = lab.year.incident(at(9), None)
        lab.storm(400, at(9), incident)
    chain = walk(lab, f"incident/{incident}")
    assert [node.subject for node in chain.nodes] == [f"incident/{incident}", "alert/1/1", "alert/2/1"]
    (more,) = chain.more
    assert (more.subject, more.direction, more.kind, more.number) == (
        f"incident/{incident}",
        Direction.BEFORE,
        Kind.ALERT,
        398,
    )


def test_a_chain_that_is_too_long_ends_and_says_what_it_did_not_look_behind(lab: Lab) -> None:
    facts = {
        "job": "nightly",
        "trigger": Trigger.MANUAL,
        "state": RunState.ENDED,
        "outcome": Outcome.FAILED,
        "plan": {},
    }
    facts |= {"requested_by": "ada", "queued_at": at(2), "ended_at": at(2)}
    with lab.year.at_once() as session:
        session.execute(insert(Run), [{**facts, "id": key, "retry_of": key - 1 or None} for key in range(1, 401)])
    chain = walk(lab, "run/200")
    assert len(chain.nodes) == 200
    assert len(chain.not_followed) == 2, "one end in each direction"


def test_a_circle_of_causes_ends(lab: Lab) -> None:
    with lab.year.at_once() as session:
        one, other = lab.year.incident(at(9), 1), lab.year.incident(at(9), 1)
        for ticket, target in ((one, other), (other, one)):
            link = TicketLink(ticket_id=ticket, verb=LinkVerb.CAUSED_BY, target=f"incident/{target}")
            link.linked_at, link.linked_by = at(9), "ada"
            session.add(link)
    chain = walk(lab, f"incident/{one}")
    assert {node.subject for node in chain.nodes} == {f"incident/{one}", f"incident/{other}"}
    assert len(chain.edges) == 2


def test_an_incident_has_the_episodes_of_its_own_time(database: Database, tmp_path: Path) -> None:
    lab = lab_of(database, tmp_path)
    with lab.year.at_once() as session:
        former = lab.year.incident(at(5), 24, correlation_key="k")
        later = lab.year.incident(at(9), 24, correlation_key="k")
        group = AlertGroup(
            key="k", route="all", labels={}, timing={}, joined_at=at(5), incident_id=later, began_at=at(5)
        )
        session.add(group)
        session.flush()
        lab.alert(1, at(5) - MINUTE, later, group_id=group.id)
        lab.changed(1, at(6) - MINUTE, AlertAction.RESOLVE)
        session.execute(update(Alert).values(episode=2, fired_at=at(9) - MINUTE))
        lab.changed(1, at(9) - MINUTE, AlertAction.FIRE, episode=2)
    assert {node.subject for node in walk(lab, f"incident/{former}").nodes} == {f"incident/{former}", "alert/1/1"}
    assert {node.subject for node in walk(lab, f"incident/{later}").nodes} == {f"incident/{later}", "alert/1/2"}
    assert {node.subject for node in walk(lab, "alert/1/1").nodes} == {f"incident/{former}", "alert/1/1"}


def test_a_missed_run_led_to_its_alert_without_a_run(lab: Lab) -> None:
    with lab.year.at_once() as session:
        slot = Slot(job="nightly", due_at=DUE, state=SlotState.MISSED, planned_at=DUE, settled_at=DUE + 30 * MINUTE)
        session.add(slot)
        session.flush()
        incident = lab.year.incident(DUE + 32 * MINUTE, 1)
        labels = {"job": "nightly", "kind": "missed"}
        alert = lab.alert(1, DUE + 31 * MINUTE, incident, source="jobs", name="job nightly", labels=labels)
    wanted = {f"slot/{slot.id}", alert, f"incident/{incident}"}
    for start in wanted:
        assert {node.subject for node in walk(lab, start).nodes} == wanted


def test_what_mended_and_what_was_repeated_is_part_of_it(lab: Lab) -> None:
    with lab.year.at_once() as session:
        incident = lab.year.incident(at(9), 1)
        alert = lab.alert(1, at(9), incident)
        _, run = lab.work(at(9), Outcome.OK)
        session.add(
            CorrectiveRun(alert_id=1, episode=1, job="nightly", attempt=1, attempts=1, run_id=run, began_at=at(9))
        )
        again = Run(job="nightly", trigger=Trigger.MANUAL, plan={}, requested_by="ada", queued_at=at(10), retry_of=run)
        session.add(again)
    chain = walk(lab, f"incident/{incident}")
    assert {(edge.earlier, edge.later, edge.verb) for edge in chain.edges} >= {
        (alert, f"incident/{incident}", "is part of"),
        (f"incident/{incident}", f"run/{run}", "was worked around by"),
        (f"run/{run}", f"run/{again.id}", "was repeated by"),
    }
    assert f"incident/{incident}" not in {
        node.subject for node in walk(lab, f"run/{again.id}").nodes if node.at is None
    }
    assert alert in {node.subject for node in walk(lab, f"run/{run}").nodes}


def test_parents_duplicates_and_candidates_are_part_of_it(lab: Lab) -> None:
    year = lab.year
    with year.at_once() as session:
        parent, child, copy = (year.incident(at(9), 1) for _ in range(3))
        for ticket, verb, target in ((parent, LinkVerb.PARENT_OF, child), (copy, LinkVerb.DUPLICATE_OF, child)):
            link = TicketLink(ticket_id=ticket, verb=verb, target=f"incident/{target}")
            link.linked_at, link.linked_by = at(9), "ada"
            session.add(link)
        year.candidate("It comes again", at(10), child)
    chain = walk(lab, f"incident/{child}")
    assert {(edge.earlier, edge.later, edge.verb) for edge in chain.edges} == {
        (f"incident/{child}", f"incident/{parent}", "is part of"),
        (f"incident/{copy}", f"incident/{child}", "is a duplicate of"),
        (f"incident/{child}", "candidate/1", "recurs as"),
    }


def test_what_is_not_there_has_no_chain(lab: Lab) -> None:
    for start in (
        "incident/99",
        "problem/99",
        "run/99",
        "slot/9",
        "alert/9/1",
        "fix/99",
        "candidate/9",
        "known-error/9",
    ):
        with pytest.raises(NotFound, match="there is no"):
            walk(lab, start)


def test_what_is_no_link_of_a_chain_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="host/web1 is no link of a causal chain"):
        walk(lab, "host/web1")
