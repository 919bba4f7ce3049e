"""Whatever is done to problems, in whatever order: no link is lost, and the journal can tell everything again."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import journal, problems
from models.queries.journal import QUEUE
from models.queries.problems import Plan
from models.records import Incident, JournalRow, Problem
from models.rules.incident_rules import Grading
from models.rules.moves import TABLES
from models.rules.problems import AcceptedRisk
from models.vocabulary import ProblemOutcome, ProblemState
from tests.records.problem_lab import ADA, DAY, HOUR, NOW, incident, problem

MOST = 3
"""Problems of one history, and incidents besides."""
ACTS = [
    "open", "incident", "link", "unlink", "assess", "investigate", "find_cause", "accept_known_error", "begin_fix",
    "publish_workaround", "publish_fix", "resolve", "close", "cancel", "reopen", "reanalyse", "accept_risk", "assign",
    "set_priority", "plan", "merge", "look",
]  # fmt: skip
WAY = {
    ProblemState.NEW: "investigate",
    ProblemState.ASSESSED: "investigate",
    ProblemState.UNDER_INVESTIGATION: "find_cause",
    ProblemState.ROOT_CAUSE_KNOWN: "accept_known_error",
    ProblemState.KNOWN_ERROR: "publish_fix",
    ProblemState.FIX_IN_PROGRESS: "publish_fix",
    ProblemState.WATCHING: "look",
    ProblemState.RESOLVED: "reopen",
    ProblemState.CLOSED: "reopen",
    ProblemState.RISK_ACCEPTED: "look",
}
"""What most often comes next: tried as often as all else, so that problems come far."""
FORGETTING = {"unlink", "merge"}


@dataclass(frozen=True)
class Deed:
    """One thing that is tried."""

    act: str
    first: int
    second: int
    after: timedelta


DEEDS = st.builds(
    Deed,
    st.sampled_from([*ACTS, *("go on" for _ in ACTS)]),
    st.integers(0, MOST - 1),
    st.integers(0, MOST - 1),
    st.sampled_from([timedelta(0), HOUR, 4 * DAY]),
)


class Desk:
    """Problems and incidents to which deeds are done, one by one; a refused one leaves no trace."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, NOW
        self.incidents: list[Incident] = [incident(session, host="web1")]
        self.problems: list[Problem] = [problem(session, self.incidents[0])]

    def do(self, deed: Deed) -> None:
        """Try one; only who undoes a link loses one."""
        self.now += deed.after
        one, other = (self.problems[at % len(self.problems)] for at in (deed.first, deed.second))
        before = {each.id: self.links_of(each) for each in self.problems}
        written = len(self.session.info.get(QUEUE, []))
        try:
            with self.session.begin_nested():
                self.act(replace(deed, act=WAY[one.state]) if deed.act == "go on" else deed, one, other)
        except (Refused, MoveRefused, NotFound):
            del self.session.info.get(QUEUE, [])[written:]
            self.session.expire_all()
            assert before == {each.id: self.links_of(each) for each in self.problems}
            return
        for each in self.problems:
            known = before.get(each.id, set())
            if deed.act == "merge" and each is one and each.outcome is ProblemOutcome.DUPLICATE:
                assert self.links_of(other) == before[one.id] | before[other.id]
            elif deed.act not in FORGETTING:
                assert known <= self.links_of(each), deed.act

    def links_of(self, one: Problem) -> set[int]:
        """The incidents of a problem; each knows it, too."""
        found = {each.id for each in problems.incidents_of(self.session, one.id)}
        for each in self.incidents:
            assert (one in problems.problems_of(self.session, each.id)) == (each.id in found)
        return found

    def act(self, deed: Deed, one: Problem, other: Problem) -> None:
        session, now = self.session, self.now
        chosen = self.incidents[deed.second % len(self.incidents)]
        match deed.act:
            case "open":
                if len(self.problems) < MOST:
                    self.problems.append(problem(session, chosen, now=now))
            case "incident":
                if len(self.incidents) < MOST:
                    self.incidents.append(incident(session, now, host=f"web{deed.second}"))
            case "link" | "unlink":
                getattr(problems, f"{deed.act}_incidents")(session, one, [chosen], ADA, now)
            case "find_cause" | "publish_workaround" | "publish_fix":
                getattr(problems, deed.act)(session, one, f"{deed.act} {deed.second}", ADA, now)
            case "accept_known_error":
                problems.accept_known_error(session, one, "wait" if deed.second else None, ADA, now)
            case "assess" | "set_priority":
                getattr(problems, deed.act)(session, one, Grading("high", "low", f"P{1 + deed.second}"), ADA, now)
            case "accept_risk":
                problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", now + deed.second * DAY), ADA, now)
            case "assign":
                problems.assign(session, one, ("web", "bob" if deed.second else None), ADA, now)
            case "plan":
                problems.plan(session, one, Plan(now if deed.second else None, "CHG1"), ADA, now)
            case "merge":
                problems.merge(session, one, other, ADA, now)
            case "look":
                problems.look(session, now)
            case _:
                getattr(problems, deed.act)(session, one, ADA, now)


TOLD = (
    "priority", "impact", "urgency", "team", "owner", "target_at", "change_reference", "cause", "workaround", "fix",
    "fixed_at", "watch_until", "resolved_at", "close_at", "closed_at", "outcome", "risk_until", "risk_words", "risk_by",
)  # fmt: skip
"""What the moves write: the journal's last word on it is what the record says."""


def check_rows(one: Problem, rows: list[JournalRow]) -> set[str]:
    """The journal tells each state after another, and the record at the end; gives the incidents that it tells of."""
    legal = {(move.source.value, move.target.value) for move in TABLES["problem"]}
    state: str | None = None
    facts: dict[str, object] = {}
    reopened, linked = 0, set[str]()
    for row in rows:
        told = json.loads(row.facts)
        if row.tag == "problems:problem:link" and told["verb"] == "cause of":
            linked.add(told["target"])
        if row.tag == "problems:problem:unlink" and told["verb"] == "cause of":
            linked.remove(told["target"])
        if row.target is None:
            continue
        assert row.source == state, f"{row.tag} begins where the one before ended"
        assert state is None or (state, row.target) in legal, row.tag
        was_fixed = state in (ProblemState.WATCHING, ProblemState.RESOLVED) or facts.get("outcome") == "fixed"
        reopened += row.tag == "problems:problem:reopen" and was_fixed
        state = row.target
        facts |= told
    assert state == one.state.value
    assert one.reopened == reopened
    for name in TOLD:
        found = getattr(one, name)
        assert facts.get(name) == (None if found is None else str(found)), name
    return linked


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, min_size=3, max_size=40))
def test_every_history_loses_no_link_and_can_be_told_again(database: Database, deeds: list[Deed]) -> None:
    with database.write() as session:
        desk = Desk(session)
        for deed in deeds:
            desk.do(deed)
        known = [one.id for one in desk.problems]
    with database.read() as session:
        for problem_id in known:
            one = problems.get(session, problem_id)
            linked = check_rows(one, journal.rows_about(session, f"problem/{problem_id}"))
            assert linked == {f"incident/{each.id}" for each in problems.incidents_of(session, problem_id)}
