"""A year of trouble on a real database: incidents, the problems behind them, known errors, and what became of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from models.database import Database
from models.queries import known_errors, problem_analysis, problems, register
from models.queries.daily_operations import Period
from models.queries.problem_report import ProblemReport, problem_report
from models.queries.states import Because
from models.records import (
    CandidateTrouble,
    Heartbeat,
    Incident,
    Job,
    KnownErrorUse,
    Problem,
    ProblemCandidate,
    ProblemTask,
    Run,
    TicketLink,
)
from models.rules.incident_rules import Grading
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.rules.problems import AcceptedRisk, NewProblem, Review
from models.site.loading import load_site
from models.vocabulary import (
    IncidentState,
    LinkVerb,
    Outcome,
    ProblemOrigin,
    ResolutionCode,
    RunState,
    TicketKind,
    Trigger,
)
from tests.site.folders import write_site

NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
PERIOD = Period(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC))
"""November in Berlin."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADA = Because("ada")
SERVICES = """
services:
  shop: {title: Shop, owner: web-team, tier: 1, hourly_cost: {amount: 150, currency: EUR}}
  erp: {title: ERP, owner: erp-team, tier: 2, hourly_cost: {amount: 80, currency: EUR}}
  vpn: {title: VPN, owner: net-team, tier: 3}
"""
PEOPLE = """
teams:
  web-team: {title: Web team}
  erp-team: {title: ERP team}
  net-team: {title: Network team}
"""


def at(day: float, month: int = 11, year: int = 2026) -> datetime:
    """An instant: the first of a month is day 1."""
    return datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day - 1)


class Year:
    """Adds rows in one transaction, and makes the report of them."""

    def __init__(self, database: Database, folder: Path, problems_yaml: str = "{}\n") -> None:
        self.database = database
        self._session: Session | None = None
        (folder / "site").mkdir(parents=True, exist_ok=True)
        site = load_site(
            write_site(
                folder / "site", {"people.yaml": PEOPLE, "services.yaml": SERVICES, "problems.yaml": problems_yaml}
            )
        )
        with database.write() as session:
            register.apply(session, site.entries(), "test", at(1, 1, 2025))

    @contextmanager
    def at_once(self) -> Iterator[Session]:
        with self.database.write() as session:
            self._session = session
            yield session

    @property
    def session(self) -> Session:
        assert self._session is not None, "inside `at_once`"
        return self._session

    def incident(self, opened: datetime, hours: float | None, *causes: Problem, **more: Any) -> int:
        """An incident that took so many hours (None: it is open), of these problems."""
        end = opened + timedelta(hours=hours) if hours is not None else None
        code = more.pop("code", ResolutionCode.FIXED) if end else None
        facts = {
            "title": "the shop is slow", "service": "shop", "host": None, "category": None, "priority": "P2",
            "is_drill": False, "source": "event", "state": IncidentState.CLOSED if end else IncidentState.IN_PROGRESS,
        }  # fmt: skip
        row = Incident(
            kind=TicketKind.INCIDENT, description="", opened_by="events", opened_at=opened, impact="high",
            urgency="medium", resolved_at=end, closed_at=end, resolution_code=code,
            resolution="restarted" if end else None, **{**facts, **more},
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        for cause in causes:
            link = {"target": f"problem/{cause.id}", "linked_at": opened, "linked_by": "ada"}
            self.session.add(TicketLink(ticket_id=row.id, verb=LinkVerb.CAUSED_BY, **link))
        return row.id

    def problem(self, title: str, opened: datetime, **more: Any) -> Problem:
        new = NewProblem(title, **{"service": "shop", "owner": "ada", "team": "web-team", **more})
        return problems.open_problem(self.session, new, ADA, opened)

    def cause(self, one: Problem, found: datetime, words: str = "a leak") -> None:
        problems.investigate(self.session, one, ADA, found - HOUR)
        problems.find_cause(self.session, one, words, ADA, found)

    def fix(self, one: Problem, fixed: datetime, words: str, closed: datetime | None = None) -> None:
        """Fixed, watched, and closed when that is said."""
        problems.begin_fix(self.session, one, ADA, fixed - DAY, "CHG-88")
        problems.watch(self.session, one, words, ADA, fixed)
        if closed:
            problems.resolve(self.session, one, ADA, closed - HOUR)
            problems.close(self.session, one, ADA, closed)

    def task(self, one: Problem, title: str, due: datetime, done: datetime | None = None, owner: str = "olaf") -> None:
        facts = {"added_at": one.opened_at, "added_by": "ada", "done_at": done, "done_by": owner if done else None}
        self.session.add(ProblemTask(problem_id=one.id, title=title, owner=owner, due_at=due, **facts))

    def known(self, published: datetime, one: Problem | None = None, **more: Any) -> int:
        facts = KnownErrorFacts(**{"title": "Disk full", "symptom": "Nothing can be saved.", **more})
        row = known_errors.create(self.session, facts, ADA, published, one.id if one else None)
        known_errors.publish(self.session, row, ADA, published)
        return row.id

    def used(self, incident: int, known_error: int, when: datetime, *, worked: bool | None = True) -> None:
        settled = when + HOUR if worked is not None else None
        use = KnownErrorUse(incident_id=incident, known_error_id=known_error, suggested_at=when, why="it fits", score=3)
        use.used_at, use.used_by, use.worked, use.settled_at = when, "ada", worked, settled
        self.session.add(use)

    def candidate(self, title: str, found: datetime, *incidents: int) -> None:
        pattern = {"text": "labels no printed", "service": "erp", "host": "print1", "category": None}
        row = ProblemCandidate(
            key=title, pattern=pattern, title=title, service="erp", times=len(incidents), evidence={},
            found_at=found, last_seen_at=found,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        for number in incidents:
            incident = self.session.get_one(Incident, number)
            trouble = CandidateTrouble(candidate_id=row.id, subject=f"incident/{number}", at=incident.opened_at)
            trouble.title = incident.title
            self.session.add(trouble)

    def runs(self, job: str, retried: list[int], each: int = 20) -> None:
        """Runs of a job, week by week up to the end of the period, so many of them at the second attempt."""
        entry = {"name": job, "title": job, "spec": {}, "sha256": "0" * 64, "registered_at": at(1, 1, 2025)}
        self.session.add(Job(**entry))
        self.session.flush()
        for week, bad in enumerate(reversed(retried)):
            for number in range(each):
                ended = PERIOD.until - week * 7 * DAY - (number + 1) * HOUR
                facts: dict[str, Any] = {
                    "trigger": Trigger.MANUAL,
                    "state": RunState.ENDED,
                    "outcome": Outcome.OK,
                    "plan": {},
                }
                facts |= {"requested_by": "ada", "queued_at": ended - HOUR, "ended_at": ended}
                self.session.add(Run(job=job, attempt=2 if number < bad else 1, **facts))

    def report(self, period: Period = PERIOD, now: datetime = NOW) -> ProblemReport:
        with self.database.read() as session:
            return problem_report(session, period, now)


TARGETS = """
targets: {open_problems: 3, root_cause_in_time: 50, matched: 25, time_to_solve: 8h, came_back: 10}
"""


def eventful_year(database: Database, folder: Path, problems_yaml: str = "{}\n") -> Year:
    """A year in which most of what can happen to problems did."""
    year = Year(database, folder, problems_yaml)
    with year.at_once() as session:
        session.add(Heartbeat(part="planner", at=NOW, worker="lab:1"))
        _noise_of_months(year)
        _waiting(year)
        _fixed(year)
        _left(year)
    return year


def _noise_of_months(year: Year) -> None:
    """Three to five incidents a month that nobody looks behind; the ERP's printer every other week."""
    for month in range(13):
        first = at(1, 11, 2025) + month * 30 * DAY
        for number in range(3 + month % 3):
            year.incident(first + number * 5 * DAY, 1.5 + number, service="vpn", title="VPN drops out")
    labels = []
    for week in range(1, 12, 2):
        when = PERIOD.until - week * 7 * DAY - 5 * HOUR
        labels += [
            year.incident(when, 2, service="erp", host="print1", category="printing", title="No labels are printed")
        ]
    year.candidate("No labels are printed on print1", PERIOD.until - 12 * DAY, *labels)


def _waiting(year: Year) -> None:
    """Problems whose fix has not begun."""
    disk = year.problem("Disk full on app hosts", at(10, 9), impact="high", urgency="high")
    year.cause(disk, at(16, 9), "Logs are not rotated on hosts that were installed in July.")
    workaround = "Move old logs away, and start the log service anew."
    problems.accept_known_error(year.session, disk, workaround, ADA, at(17, 9))
    problems.publish_workaround(year.session, disk, workaround, ADA, at(17.1, 9))
    known = year.known(
        at(17.2, 9), disk, title="Disk full on an app host", symptom="The shop says: your order cannot be saved.",
        recognise=Recognition(service="shop", matchers='{name="DiskFull"}', texts=("no space left",)),
        workaround=workaround, risk="Logs of the last hour may be lost.", review_on=date(2027, 3, 1), owner="ada",
        root_cause="Logs are not rotated on hosts installed in July.", permanent_fix="Rotate them everywhere.",
    )  # fmt: skip
    for number in range(11):
        when = at(12 + 7 * number, 9)
        title = "No space left on app3"
        incident = year.incident(when, 2.5 + number / 2, disk, title=title, code=ResolutionCode.KNOWN_ERROR)
        year.used(incident, known, when + HOUR / 2, worked=number != 4)
    year.task(disk, "Order the change for log rotation", at(12), at(11))
    year.task(disk, "Roll log rotation out on app1 to app9", at(12, 12))
    nightly = year.problem("ERP import hangs at night", at(6), service="erp", team="erp-team", owner="lin")
    problems.investigate(year.session, nightly, ADA, at(7))
    for number in range(4):
        year.incident(at(7 + number * 5), 3.5, nightly, service="erp", title="The orders of yesterday are missing")
    year.task(nightly, "Ask the vendor for a trace", at(20), owner="lin")
    year.problem("Sessions end too early", at(24), owner=None, origin=ProblemOrigin.PROACTIVE)
    year.runs("nightly-import", [1, 0, 1, 2, 0, 1, 1, 0, 1, 5, 6, 5, 7])


def _fixed(year: Year) -> None:
    """Problems whose fix is in: watched, proven, and none."""
    certificate = year.problem("Expired certificate", at(3))
    year.cause(certificate, at(4), "Nobody watched its end.")
    year.incident(at(3), 17, certificate, title="The shop is not to be trusted")
    year.fix(certificate, at(19), "A probe warns 30 days before.")
    gateway = year.problem("VPN gateway runs out of memory", at(1, 9), service="vpn", team="net-team")
    year.cause(gateway, at(9, 9), "A leak in 4.2.")
    for number in range(6):
        year.incident(at(5 + number * 7, 9), 1.5, gateway, service="vpn", title="VPN is down")
    year.known(
        at(10, 9), gateway, title="VPN gateway out of memory", symptom="The VPN asks for the password again and again.",
        workaround="Restart the gateway.", owner="olaf", review_on=date(2026, 11, 20),
    )  # fmt: skip
    year.fix(gateway, at(20, 10), "Version 4.3 is in.", at(15))
    review = Review("found fast", "told late", "Vendors' notes are read each month.", "ada, olaf")
    problem_analysis.review(year.session, gateway, review, ADA, at(14))
    queue = year.problem("Mails wait for hours", at(1, 10))
    year.cause(queue, at(5, 10))
    year.incident(at(2, 10), 5, queue, title="Mails do not arrive")
    year.fix(queue, at(2), "More workers.", at(26))
    year.incident(at(28), 4, queue, title="Mails do not arrive")


def _left(year: Year) -> None:
    """A risk that is lived with, and what was none."""
    old = year.problem("The old reports are slow", at(1, 8), service="erp", team="erp-team")
    problems.assess(year.session, old, Grading("low", "low", "P4"), ADA, at(2, 8))
    risk = AcceptedRisk("They are replaced in spring.", "eva", at(20, 12))
    problems.accept_risk(year.session, old, risk, ADA, at(20, 8))
    year.incident(at(9), 6, old, service="erp", title="Reports take an hour")
    none = year.problem("Slow on Mondays", at(2))
    problems.cancel(year.session, none, Because("ada", "the tests ran then"), at(5))
