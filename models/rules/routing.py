"""The routing tree: from the labels of an event to the routes that it takes, by Alertmanager's rules.

The tree is walked from the top, depth first, in the order of the file. A route whose matchers hold hands on to its
routes below; the first of them that takes the event ends the walk among them unless it says `continue`. A route is
the event's when none below it took it. Since the top takes everything, every event has a route.

Receiver, grouping and timing are taken over from the route above; time intervals are not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from models.rules.durations import Duration
from models.rules.field_error import FieldError, under
from models.rules.matchers import Labels, Matchers, contradictions, matching, parse_all, show_matchers

ALL_LABELS = "..."
GROUP_WAIT, GROUP_INTERVAL, REPEAT_INTERVAL = timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=4)
_DEEPEST = 30


@dataclass(frozen=True)
class Route:
    """A route as it stands in a file; what is None is as in the route above.

    `group_by` with `...` alone puts every set of labels in a group of its own; an empty list makes one group of all.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    receiver: str | None = None
    matchers: tuple[str, ...] = ()
    goes_on: bool = field(default=False, metadata={"alias": "continue"})
    group_by: tuple[str, ...] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    routes: "tuple[Route, ...]" = ()

    def __post_init__(self) -> None:
        _ = self.parsed
        names = self.group_by or ()
        if ALL_LABELS in names and len(names) > 1:
            raise FieldError("group_by", f"`{ALL_LABELS}` stands alone: it means every label")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FieldError("group_by", f"{twice[0]} is given twice")
        for key in ("group_interval", "repeat_interval"):
            if getattr(self, key) == timedelta(0):
                raise FieldError(key, f"{key} must be more than 0s")

    @cached_property
    def parsed(self) -> Matchers:
        """The matchers. Raises FieldError."""
        with under("matchers"):
            return parse_all(self.matchers)


@dataclass(frozen=True)
class Branch:
    """A route with all that it took over. `group_by` None is every label. `key` tells it from all others."""

    key: str
    receiver: str
    matchers: Matchers
    goes_on: bool
    group_by: frozenset[str] | None
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    mute_time_intervals: tuple[str, ...]
    active_time_intervals: tuple[str, ...]
    branches: "tuple[Branch, ...]"

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """The labels by which an event is grouped on this route, in order of name; absent ones are left out."""
        names = sorted(labels if self.group_by is None else self.group_by.intersection(labels))
        return {name: labels[name] for name in names}


def routing_tree(top: Route) -> Branch:
    """The tree with everything taken over. Raises ValueError when the top is not a route for everything."""
    if top.receiver is None:
        raise FieldError("receiver", "the top route names the receiver of what no other route takes")
    for key in ("matchers", "goes_on", "mute_time_intervals", "active_time_intervals"):
        if getattr(top, key):
            name = "continue" if key == "goes_on" else key
            raise FieldError(name, f"the top route takes everything, at all times: it has no {name}")
    above = Branch(
        key="",
        receiver=top.receiver,
        matchers=(),
        goes_on=False,
        group_by=frozenset(),
        group_wait=GROUP_WAIT,
        group_interval=GROUP_INTERVAL,
        repeat_interval=REPEAT_INTERVAL,
        mute_time_intervals=(),
        active_time_intervals=(),
        branches=(),
    )
    return _branch(top, above, "{}", 0)


def routes_for(tree: Branch, labels: Labels) -> tuple[Branch, ...]:
    """The routes that these labels take, at least one, in the order of the file."""
    return tuple(_taken(tree, labels))


def never_taken(tree: Branch) -> Iterator[str]:
    """One sentence for each route that no event can take."""
    for number, branch in enumerate(tree.branches):
        for sentence in contradictions(branch.matchers):
            yield f"the route {branch.key} is never taken: {sentence}"
        before = next((other for other in tree.branches[:number] if _covers(other, branch)), None)
        if before is not None:
            yield f"the route {branch.key} is never taken: {before.key} before it takes the same and has no continue"
        yield from never_taken(branch)


def _covers(earlier: Branch, later: Branch) -> bool:
    return not earlier.goes_on and set(earlier.matchers) <= set(later.matchers)


def _taken(branch: Branch, labels: Labels) -> list[Branch]:
    if not matching(branch.matchers, labels):
        return []
    found: list[Branch] = []
    for below in branch.branches:
        taken = _taken(below, labels)
        found += taken
        if taken and not below.goes_on:
            break
    return found or [branch]


def _branch(route: Route, above: Branch, key: str, depth: int) -> Branch:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} routes inside each other")
    own: Mapping[str, timedelta | None] = {
        name: getattr(route, name) for name in ("group_wait", "group_interval", "repeat_interval")
    }
    branch = Branch(
        key=key,
        receiver=route.receiver or above.receiver,
        matchers=route.parsed,
        goes_on=route.goes_on,
        group_by=above.group_by if route.group_by is None else _group_by(route.group_by),
        mute_time_intervals=route.mute_time_intervals,
        active_time_intervals=route.active_time_intervals,
        branches=(),
        **{name: getattr(above, name) if span is None else span for name, span in own.items()},
    )
    below = [
        _branch(one, branch, f"{key}/{show_matchers(one.parsed)}/{number}", depth + 1)
        for number, one in enumerate(route.routes)
    ]
    return replace(branch, branches=tuple(below))


def _group_by(names: tuple[str, ...]) -> frozenset[str] | None:
    return None if names == (ALL_LABELS,) else frozenset(names)
