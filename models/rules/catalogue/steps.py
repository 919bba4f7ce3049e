"""How an item is fulfilled, as the site's files say it: commands on hosts, runs of jobs, work for a team, other items.

A command is a list of arguments, in which `{name}` stands for an answer, as parameters stand in a job's; no shell
reads it. Observe says by its exit code whether a host is as wanted: 0 yes, 1 no, anything else cannot be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from models.rules.catalogue.fields import LONGEST_WORDS
from models.rules.durations import Duration
from models.rules.field_error import FieldError, under
from models.rules.label_templates import labels_in
from models.rules.matchers import Matchers, parse_all
from models.rules.names import NAME_PATTERN, NAME_WORDS
from models.rules.patterns import pattern_of
from models.vocabulary import PlanKind

DEADLINE = timedelta(minutes=10)
SHORTEST_SECRET, LONGEST_SECRET = 12, 128
LONGEST_WORK = 4_000


@dataclass(frozen=True)
class OneTimeSecret:
    """A secret that is made at the last moment, given to `apply` on its standard input, and shown once."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    title: str
    length: int = 20

    def __post_init__(self) -> None:
        _check_text("title", self.title)
        if not SHORTEST_SECRET <= self.length <= LONGEST_SECRET:
            raise FieldError("length", f"must be {SHORTEST_SECRET} to {LONGEST_SECRET} signs")


@dataclass(frozen=True)
class RunStep:
    """Commands on each of some hosts: observe, apply where it is needed, verify."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    apply: tuple[str, ...]
    observe: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    compensate: tuple[str, ...] = ()
    on: str | None = None
    hosts: str | None = None
    input: str | None = None
    one_time: OneTimeSecret | None = None
    deadline: Duration = DEADLINE

    def __post_init__(self) -> None:
        if (self.on is None) == (self.hosts is None):
            raise FieldError("on", "a run has one of `on`, a node filter, and `hosts`, the field that names them")
        if not self.observe and not self.verify:
            raise FieldError("verify", "nothing says that it is done: give it observe or verify")
        if self.input is not None and self.one_time is not None:
            raise FieldError("input", "goes without one_time: both are given to `apply` on its standard input")
        if self.one_time is not None and self.observe:
            raise FieldError("observe", "goes without one_time: a new secret is always set; give it verify")
        if not self.deadline:
            raise FieldError("deadline", "must be more than 0s")

    @property
    def commands(self) -> dict[str, tuple[str, ...]]:
        """Its commands by their key, those that it has."""
        keys = ("observe", "apply", "verify", "compensate")
        return {key: getattr(self, key) for key in keys if key == "apply" or getattr(self, key)}


@dataclass(frozen=True)
class JobStep:
    """A run of a named job."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    hosts: str | None = None

    def __post_init__(self) -> None:
        for text in self.parameters.values():
            with under("parameters"):
                labels_in(text)


@dataclass(frozen=True)
class ManualStep:
    """Work for a team: somebody of it does what the words say, and says so."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    team: str
    words: str

    def __post_init__(self) -> None:
        _check_text("words", self.words, LONGEST_WORK)


@dataclass(frozen=True)
class FulfilmentStep:
    """One step of a plan. Steps are done in order, each after the one before it is done."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    title: str
    when: tuple[str, ...] = ()
    run: RunStep | None = None
    job: JobStep | None = None
    manual: ManualStep | None = None

    def __post_init__(self) -> None:
        if not pattern_of(NAME_PATTERN).matches(self.name):
            raise FieldError("name", NAME_WORDS)
        _check_text("title", self.title)
        with under("when"):
            parse_all(self.when)
        given = [kind.value for kind in PlanKind if getattr(self, kind.value) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has one of {', '.join(PlanKind)}; it has {' and '.join(given) or 'none'}")

    @cached_property
    def conditions(self) -> Matchers:
        """When it is done."""
        return parse_all(self.when)

    @property
    def kind(self) -> PlanKind:
        """What it is."""
        return next(kind for kind in PlanKind if getattr(self, kind.value) is not None)


@dataclass(frozen=True)
class Include:
    """Another item of a bundle. It becomes a request of its own; its answers are texts with the bundle's in them."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    item: str
    when: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with under("when"):
            parse_all(self.when)
        for text in self.answers.values():
            with under("answers"):
                labels_in(text)

    @cached_property
    def conditions(self) -> Matchers:
        """When it belongs to the bundle."""
        return parse_all(self.when)


def _check_text(key: str, text: str, longest: int = LONGEST_WORDS) -> None:
    if not text.strip() or len(text) > longest:
        raise FieldError(key, f"must have 1 to {longest} characters")
    with under(key):
        labels_in(text)
