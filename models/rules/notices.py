"""Who is told what, and when: what an address wants to hear, quiet hours, and how long a notice is tried.

An incident's news goes to the receivers of its team; its owner and its caller are told of what concerns them. Quiet
hours hold a notice back for a digest or drop it; what is urgent breaks through them, and what must be acted upon by
somebody (an escalation, a major incident) is never held. Everything is for one address at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import ClassVar

from models.rules.calendars import Calendar, is_open
from models.rules.field_error import FieldError
from models.rules.priorities import MAJOR
from models.rules.time_intervals import Intervals
from models.rules.verdicts import Verdict
from models.vocabulary import NoticeTag, WhenQuiet

INCIDENT_TAGS = {
    "opened": NoticeTag.INCIDENT_OPENED,
    "assigned": NoticeTag.INCIDENT_ASSIGNED,
    "updated": NoticeTag.INCIDENT_UPDATED,
    "escalated": NoticeTag.INCIDENT_ESCALATED,
    "warning": NoticeTag.INCIDENT_WARNING,
    "breached": NoticeTag.INCIDENT_BREACHED,
    "resolved": NoticeTag.INCIDENT_RESOLVED,
    "closed": NoticeTag.INCIDENT_CLOSED,
    "reopened": NoticeTag.INCIDENT_REOPENED,
    "major declared": NoticeTag.MAJOR_DECLARED,
    "major update": NoticeTag.MAJOR_UPDATE,
    "major update due": NoticeTag.MAJOR_UPDATE_DUE,
    "major review due": NoticeTag.MAJOR_REVIEW_DUE,
}
"""The notice of each event of an incident."""
PROBLEM_TAGS = (
    NoticeTag.PROBLEM_OPENED,
    NoticeTag.PROBLEM_ASSIGNED,
    NoticeTag.PROBLEM_REOPENED,
    NoticeTag.PROBLEM_RESOLVED,
    NoticeTag.PROBLEM_DUE,
)
"""The notices of problems."""
APPROVAL_TAGS = (
    NoticeTag.APPROVAL_ASKED,
    NoticeTag.APPROVAL_REMINDED,
    NoticeTag.APPROVAL_ESCALATED,
    NoticeTag.APPROVAL_REASSIGNED,
    NoticeTag.APPROVAL_SENT_BACK,
    NoticeTag.APPROVAL_DECIDED,
)
"""The notices of approvals."""

NEVER_HELD = frozenset(
    {
        NoticeTag.INCIDENT_ESCALATED,
        NoticeTag.MAJOR_DECLARED,
        NoticeTag.MAJOR_UPDATE,
        NoticeTag.MAJOR_UPDATE_DUE,
        NoticeTag.DIGEST,
        NoticeTag.TEST,
    }
)
"""Somebody must act on these, or asked for them."""

TECHNICAL = "technical"
"""The audience of those who mend. All others hear of major incidents only, unless they name their notices."""
OF_MAJORS = frozenset({NoticeTag.INCIDENT_RESOLVED, NoticeTag.INCIDENT_CLOSED, NoticeTag.INCIDENT_REOPENED})
"""What the other audiences hear of a major incident besides its declaration and its updates."""

TRY_AGAIN_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1))
GIVE_UP_AFTER = timedelta(days=3)
"""As long as a mail server tries by habit (RFC 5321, 4.5.4.1: hours between tries, four to five days in all)."""


class Concerned(StrEnum):
    """Who hears of an incident besides the receivers."""

    OWNER = "owner"
    CALLER = "caller"


CONCERNED = {
    NoticeTag.INCIDENT_OPENED: frozenset({Concerned.OWNER, Concerned.CALLER}),
    NoticeTag.INCIDENT_ASSIGNED: frozenset({Concerned.OWNER}),
    NoticeTag.INCIDENT_UPDATED: frozenset({Concerned.OWNER}),
    NoticeTag.INCIDENT_ESCALATED: frozenset({Concerned.OWNER}),
    NoticeTag.INCIDENT_WARNING: frozenset({Concerned.OWNER}),
    NoticeTag.INCIDENT_BREACHED: frozenset({Concerned.OWNER}),
    NoticeTag.INCIDENT_RESOLVED: frozenset({Concerned.CALLER}),
    NoticeTag.INCIDENT_CLOSED: frozenset({Concerned.CALLER}),
    NoticeTag.INCIDENT_REOPENED: frozenset({Concerned.OWNER, Concerned.CALLER}),
}
"""Whom each notice of an incident concerns in person. What is not here concerns nobody but those named with it."""

FOR_NAMED = frozenset({NoticeTag.INCIDENT_ESCALATED, NoticeTag.MAJOR_UPDATE_DUE, NoticeTag.MAJOR_REVIEW_DUE})
"""Go to those who are named with them (a step of an escalation, the commander) instead of the team's receivers."""


@dataclass(frozen=True)
class QuietHours:
    """When an address is left in peace, by names of calendars or time intervals."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    during: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    urgent: tuple[str, ...] = (MAJOR,)
    then: WhenQuiet = WhenQuiet.DIGEST

    def __post_init__(self) -> None:
        if not (self.during or self.outside):
            raise FieldError("during", "the quiet hours are never: name what they are `during`, or `outside` of")


@dataclass(frozen=True)
class Wish:
    """What one address wants to hear. No notice named: all that are meant for its audience."""

    notices: tuple[NoticeTag, ...] = ()
    least_priority: str | None = None
    audience: str = TECHNICAL
    quiet: QuietHours | None = None


@dataclass(frozen=True)
class News:
    """What there is to tell, as far as it decides who is told and when."""

    tag: str
    priority: str | None = None
    """Of the incident, `major` for a major one; of alerts their severity."""
    audience: str | None = None
    """For whom the words were written; None: for everybody."""


class When(Enum):
    """When an address is told."""

    NOW = "now"
    HELD = "held"
    NEVER = "never"


@dataclass(frozen=True)
class Telling:
    """When an address is told of news, and why then."""

    when: When
    reason: str


@dataclass(frozen=True)
class Times:
    """The site's calendars and time intervals: what quiet hours are written in."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)

    def holds(self, name: str, now: datetime) -> bool:
        """Whether the instant is inside the calendar or time interval. Raises ValueError for an unknown name."""
        if name in self.calendars:
            return is_open(self.calendars[name], now)
        if name in self.intervals:
            return any(interval.contains(now) for interval in self.intervals[name])
        raise ValueError(f'there is no calendar and no time interval "{name}"')


def wants(wish: Wish, news: News, priorities: Sequence[str] = ()) -> Verdict:
    """Whether an address wants to hear the news; `priorities` of the site, the highest first.

    A priority that is not known is told: a doubt is no reason to keep quiet.
    """
    if news.audience is not None and news.audience != wish.audience:
        return Verdict(False, f"it is written for the {news.audience} audience")
    if wish.notices:
        if news.tag not in wish.notices:
            return Verdict(False, f"{news.tag} is not among its notices")
    elif wish.audience != TECHNICAL and not _of_a_major(news):
        return Verdict(False, f"the {wish.audience} audience hears of major incidents only")
    ranks = {priority: rank for rank, priority in enumerate((MAJOR, *priorities))}
    if ranks.get(news.priority or "", 0) > ranks.get(wish.least_priority or "", len(ranks)):
        return Verdict(False, f"{news.priority} is below {wish.least_priority}")
    return Verdict(True, "it wants to hear of it")


def quiet_by(hours: QuietHours | None, times: Times, now: datetime) -> str | None:
    """What makes it quiet now, in words; None when nothing does. Raises ValueError for an unknown name."""
    if hours is None:
        return None
    inside = next((name for name in hours.during if times.holds(name, now)), None)
    if inside is not None:
        return f"quiet during {inside}"
    if hours.outside and not any(times.holds(name, now) for name in hours.outside):
        return f"quiet outside of {' and '.join(hours.outside)}"
    return None


def telling(wish: Wish, news: News, quiet: str | None) -> Telling:
    """When an address that wants to hear the news is told; `quiet` says what makes it quiet now, if anything."""
    if quiet is None or wish.quiet is None:
        return Telling(When.NOW, "no quiet hours")
    if news.tag in NEVER_HELD:
        return Telling(When.NOW, f"{news.tag} is never held")
    if news.priority in wish.quiet.urgent:
        return Telling(When.NOW, f"{news.priority} is urgent")
    return Telling(When.HELD if wish.quiet.then is WhenQuiet.DIGEST else When.NEVER, quiet)


def soonest(found: Iterable[Telling]) -> int:
    """Which of the tellings to one address counts, by its place: the one that tells first."""
    order = (When.NOW, When.HELD, When.NEVER)
    return min(enumerate(found), key=lambda numbered: (order.index(numbered[1].when), numbered[0]))[0]


def next_try(tries: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to try again after so many tries that failed; None when it is given up."""
    due = now + TRY_AGAIN_AFTER[min(tries, len(TRY_AGAIN_AFTER) - 1)]
    return due if due <= created_at + GIVE_UP_AFTER else None


def _of_a_major(news: News) -> bool:
    declared = news.tag in (NoticeTag.MAJOR_DECLARED, NoticeTag.MAJOR_UPDATE, NoticeTag.TEST)
    return declared or (news.tag in OF_MAJORS and news.priority == MAJOR)
