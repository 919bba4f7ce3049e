"""Known errors: what one says, what is wrong with it, when its workaround may run by itself, and its number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.rules.incidents import LONGEST_TITLE, text_problems
from models.rules.known_error_matching import Recognition
from models.rules.verdicts import Verdict

PREFIX = "KE"
MOST_ATTEMPTS = 20
_NUMBER = re.compile(r"(?:ke)?0*(\d{1,15})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class KnownErrorFacts:
    """What is known of an error whose fix is not there yet."""

    title: str
    symptom: str
    """As those say it whom it troubles."""
    recognise: Recognition = field(default_factory=Recognition)
    root_cause: str | None = None
    workaround: str | None = None
    workaround_job: str | None = None
    """A job of the site that carries the workaround out, on the incident's host."""
    check_job: str | None = None
    """A job that ends well when the trouble is gone; without one, the alerts say so."""
    runs_itself: bool = False
    """The workaround is carried out for a new incident at once, where the site's policy allows it."""
    risk: str | None = None
    permanent_fix: str | None = None
    review_on: date | None = None
    owner: str | None = None


@dataclass(frozen=True)
class KnownErrorPolicy:
    """Whether workarounds run by themselves, and when known errors are reviewed. An empty set is all of them."""

    automatic: bool = False
    attempts: int = 1
    wait: timedelta = timedelta(minutes=5)
    """How long after a run the alerts have to clear."""
    jobs: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    review_after: timedelta = timedelta(days=90)

    def allows(self, job: str, service: str | None) -> Verdict:
        """Whether this job may be started by itself for an incident of this service."""
        if not self.automatic:
            return Verdict(False, "problems.yaml lets no workaround run by itself")
        if self.jobs and job not in self.jobs:
            return Verdict(False, f"problems.yaml does not let the job {job} run by itself")
        if self.services and service not in self.services:
            return Verdict(False, f"problems.yaml lets none run by itself for {service or 'an unknown service'}")
        return Verdict(True, "problems.yaml allows it")


def known_error_number(known_error_id: int) -> str:
    """What people say on the phone: KE000012."""
    return f"{PREFIX}{known_error_id:06d}"


def known_error_id_of(number: str) -> int:
    """The key of KE000012; also of ke12 and 12. Raises ValueError for anything else."""
    found = _NUMBER.fullmatch(number.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{number!r} is not the number of a known error: it looks like KE000012")
    return int(found[1])


def problems_of(facts: KnownErrorFacts) -> Iterator[str]:
    """What keeps it from being written down, in words."""
    yield from text_problems("title", facts.title, LONGEST_TITLE)
    yield from text_problems("symptom", facts.symptom)
    texts = {"root cause": facts.root_cause, "workaround": facts.workaround, "risk": facts.risk}
    for name, text in {**texts, "permanent fix": facts.permanent_fix}.items():
        if text is not None:
            yield from text_problems(name, text)
    if facts.runs_itself and not facts.workaround_job:
        yield "nothing can run by itself: name the job that is the workaround"
    if facts.check_job and not facts.workaround_job:
        yield "there is a job that checks, and none to check: name the job that is the workaround"


def hindrances(facts: KnownErrorFacts) -> Iterator[str]:
    """What keeps it from being published: those who work on incidents must find it, and find help in it."""
    if not facts.workaround and not facts.workaround_job:
        yield "it has no workaround: say in words what helps, or name the job that does"


@dataclass(frozen=True)
class Tally:
    """How often a known error was suggested and used, and what came of it. Drills are left out."""

    suggested: int = 0
    used: int = 0
    worked: int = 0
    failed: int = 0

    @property
    def worked_percent(self) -> int | None:
        """Of the uses of which it is known; None: of none is it known."""
        known = self.worked + self.failed
        return round(100 * self.worked / known) if known else None
