"""incidents.yaml: how grave an incident is, what is promised for it, who gets it, and whom to tell when nobody acts."""

from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator

from models.rules.clock_promises import Agreement, Measure
from models.rules.durations import Duration
from models.rules.escalation import WaitText
from models.rules.matchers import parse_all
from models.rules.priorities import PriorityMatrix
from models.rules.scopes import Scope
from models.rules.targets import TargetText
from models.site.types import Matching, Name, Named, PersonId, SiteModel, Text, Title
from models.vocabulary import HoldReason

USUAL_LEVELS = PriorityMatrix(
    priorities=("P1", "P2", "P3", "P4"),
    matrix={
        "high": {"high": "P1", "medium": "P2", "low": "P3"},
        "medium": {"high": "P2", "medium": "P3", "low": "P4"},
        "low": {"high": "P3", "medium": "P4", "low": "P4"},
    },
)
Level = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,31}", "must be a priority of the matrix, or major")]


class How(StrEnum):
    """Whom of the team an incident goes to."""

    TEAM = "team"  # nobody yet: the team sees it
    ROUND_ROBIN = "round robin"  # its operators in turn
    LEAST_LOADED = "least loaded"  # the operator with the fewest open incidents
    ON_CALL = "on call"  # by the rota of the rule, or of the team


class Role(StrEnum):
    """People of the incident itself."""

    OWNER = "owner"
    TEAM = "team"
    ON_CALL = "on call"  # by a rota of its team
    TEAM_MANAGER = "team manager"
    OWNER_MANAGER = "owner manager"


class Scoped(SiteModel):
    """What says which incidents it is for."""

    services: tuple[Name, ...] = Field(default=(), description="Only for these services; empty: for all.")
    categories: tuple[Name, ...] = Field(
        default=(), description="Only for these categories and those below them; empty: for all."
    )
    teams: tuple[Name, ...] = Field(default=(), description="Only while the incident is with one of these teams.")
    when: tuple[str, ...] = Field(
        default=(),
        description="Matchers that must all hold, like 'priority=~\"P1|P2\"'; of service, host, team, category, "
        "priority, impact, urgency, tier, source.",
    )

    @field_validator("when")
    @classmethod
    def _readable(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        parse_all(texts)
        return texts

    @cached_property
    def scope(self) -> Scope:
        """The same for the rules."""
        return Scope(self.services, self.categories, self.teams, parse_all(self.when))


class Promise(Named, Scoped):
    """What is promised for incidents: how soon somebody owns one, how soon it is resolved, in which hours."""

    title: Title = Field(description="What people call the agreement.")
    agreement: Agreement = Field(
        default=Agreement.SLA, description="Who promised it to whom; one of each kind holds for an incident."
    )
    rank: int = Field(
        default=100, ge=0, le=10_000, description="Of several of a kind that fit an incident, the lowest holds."
    )
    calendar: Name | None = Field(
        default=None, description="In whose hours the time is counted; without one, around the clock."
    )
    own: dict[Level, TargetText] = Field(
        default_factory=dict, description="Time to own, by priority; one that is not named has no target."
    )
    resolve: dict[Level, TargetText] = Field(default_factory=dict, description="Time to resolve, by priority.")
    stops_for: tuple[HoldReason, ...] = Field(
        default=(), description="The reasons of a hold that stop its clocks; other holds do not."
    )


class Category(Named):
    """What an incident is about: one entry of a tree."""

    title: Title = Field(description="What people call it.")
    parent: Name | None = Field(default=None, description="The category above it.")
    owner: Name | None = Field(
        default=None, description="The team for its incidents that no rule and no service gives one; default: above it."
    )
    description: Text | None = Field(default=None, description="What belongs here.")


class AssignmentRule(Scoped):
    """Who gets an incident; the first rule that fits decides."""

    team: Name | None = Field(
        default=None, description="The team; default: the owner of the service, or else of the category."
    )
    how: How = Field(default=How.TEAM, description="Whom of the team it goes to.")
    rota: Name | None = Field(default=None, description="With on call: the rota; default: the team's first one.")


class Audience(SiteModel):
    """Who is told: one of role, team, person, rota, receiver."""

    role: Role | None = Field(default=None, description="Somebody of the incident itself.")
    team: Name | None = Field(default=None, description="Everybody of this team.")
    person: PersonId | None = Field(default=None, description="This person.")
    rota: Name | None = Field(default=None, description="Who is on call by this rota.")
    receiver: Name | None = Field(default=None, description="A receiver of notices.yaml.")


class Repeat(SiteModel):
    """A step that is done again until the chain ends."""

    every: Duration = Field(description="How long after the last time, in open time of the chain's calendar.")
    at_most: int = Field(default=3, ge=1, le=100, description="How often again.")


class EscalationStep(SiteModel):
    """One step of a chain: people are told, or the incident goes to another team, or both."""

    after: WaitText = Field(
        description="How much open time since the opening, like 30m, or what part of the promised time: 75%."
    )
    tell: tuple[Audience, ...] = Field(default=(), description="Who is told.")
    assign: Name | None = Field(default=None, description="The team that gets the incident.")
    repeat: Repeat | None = Field(default=None, description="Whether the step is done again.")


class Until(StrEnum):
    """What ends a chain."""

    OWNED = "owned"
    RESOLVED = "resolved"

    @property
    def measure(self) -> Measure:
        """The stopwatch whose time its shares are of."""
        return Measure.OWN if self is Until.OWNED else Measure.RESOLVE


class Escalation(Named, Scoped):
    """A chain: what happens when nobody acts. Every chain that fits an incident runs for it; a hold stops it."""

    title: Title = Field(description="What people call it.")
    until: Until = Field(default=Until.OWNED, description="What ends it.")
    calendar: Name | None = Field(
        default=None, description="In whose hours its waits are counted; without one, around the clock."
    )
    agreement: Agreement = Field(default=Agreement.SLA, description="Whose promised time a share is of.")
    steps: tuple[EscalationStep, ...] = Field(min_length=1, max_length=20, description="The steps, in order.")


class Reopening(SiteModel):
    """When a resolved incident may be opened again."""

    limit: int = Field(default=3, ge=0, le=100, description="How often.")
    within: Duration = Field(default=timedelta(days=14), description="How long after it was resolved.")


class Major(SiteModel):
    """Major incidents: which may be one, and what is owed while one lasts. Who decides is in the table of moves."""

    candidates: tuple[Scoped, ...] = Field(default=(), description="Incidents of these kinds are proposed as major.")
    updates: dict[Name, Duration] = Field(
        default_factory=dict, description="How often each audience is owed news, like technical: 30m."
    )
    review_within: Duration = Field(
        default=timedelta(days=5), description="How long after its solution the review is due."
    )


class Handling(SiteModel):
    """How all incidents of the site are handled."""

    levels: PriorityMatrix = Field(
        default=USUAL_LEVELS, description="The priorities, and which one impact and urgency give."
    )
    assignment: tuple[AssignmentRule, ...] = Field(default=(), description="Who gets an incident; the first that fits.")
    fallback_team: Name | None = Field(
        default=None, description="The team for incidents that no rule, service or category gives one."
    )
    close_after: Duration = Field(default=timedelta(days=5), description="A resolved incident is closed after so long.")
    reopen: Reopening = Field(default=Reopening(), description="When a resolved one may be opened again.")
    remind_on_hold: Duration | None = Field(
        default=None, description="How often the owner of one on hold is reminded of it."
    )
    major: Major = Field(default=Major(), description="Major incidents.")
