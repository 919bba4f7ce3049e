"""Jobs that wait for other jobs: which slot of the other counts, and whether ours may start.

An upstream that was missed did not succeed: it counts as a failure. One that was skipped (by calendar, by pause)
neither succeeded nor failed: only `always` accepts it. One whose outcome is unknown is waited for, because a later
read may still settle it; `always` accepts it too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from models.rules.wall_clock import stamp
from models.vocabulary import Join, Outcome, Upstream


class Ready(StrEnum):
    """Whether a run may start as far as its dependencies go."""

    READY = "ready"
    WAIT = "wait"
    OVER = "over"  # it waited for as long as it may
    NEVER = "never"


@dataclass(frozen=True)
class Dependency:
    """Another job that must have ended before, and how."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    job: str
    when: Upstream = Upstream.SUCCESS


@dataclass(frozen=True)
class UpstreamSlot:
    """One expected run of another job; no outcome means it has not ended."""

    job: str
    due: datetime
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Readiness:
    """Whether a run may start, and why."""

    state: Ready
    reason: str


def readiness(dependencies: Sequence[Dependency], join: Join, upstream: Mapping[str, UpstreamSlot | None]) -> Readiness:
    """Whether all, or any, of the dependencies are met by the slots that count for this run (None: there is none)."""
    if not dependencies:
        return Readiness(Ready.READY, "waits for no other job")
    found = [_one(dependency, upstream.get(dependency.job)) for dependency in dependencies]
    order = (Ready.NEVER, Ready.WAIT, Ready.READY) if join is Join.ALL else (Ready.READY, Ready.WAIT, Ready.NEVER)
    state = next(state for state in order if any(one.state is state for one in found))
    return Readiness(state, "; ".join(one.reason for one in found if one.state is state))


def together(*parts: Readiness) -> Readiness:
    """What a run that waits for several kinds of things comes to: all of them must let it start."""
    order = (Ready.NEVER, Ready.OVER, Ready.WAIT, Ready.READY)
    state = next(state for state in order if any(part.state is state for part in parts))
    return Readiness(state, "; ".join(part.reason for part in parts if part.state is state))


def relevant_slot(slots: Iterable[UpstreamSlot], job: str, due: datetime, within: timedelta) -> UpstreamSlot | None:
    """The latest slot of an upstream job that was due at or before ours and not longer ago than `within`."""
    candidates = [slot for slot in slots if slot.job == job and due - within <= slot.due <= due]
    return max(candidates, key=lambda slot: slot.due, default=None)


def find_cycle(edges: Mapping[str, Iterable[str]]) -> list[str] | None:
    """The jobs of one circle of dependencies, first one repeated at the end; None when there is no circle."""
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        stack = [(start, iter(sorted(edges.get(start, ()))))]
        while stack and start not in done:
            job, waits_for = stack[-1]
            if len(path) < len(stack):
                path.append(job)
            following = next((other for other in waits_for if other not in done), None)
            if following is None:
                done.add(job)
                stack.pop()
                path.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            else:
                stack.append((following, iter(sorted(edges.get(following, ())))))
    return None


def _one(dependency: Dependency, slot: UpstreamSlot | None) -> Readiness:
    """One dependency: met, not yet, or not any more."""
    if slot is None:
        return Readiness(Ready.NEVER, f"{dependency.job} has no slot in the time that counts")
    name = f"{dependency.job} of {stamp(slot.due)}"
    if slot.outcome is None:
        return Readiness(Ready.WAIT, f"{name} has not ended")
    if _accepts(dependency.when, slot.outcome):
        return Readiness(Ready.READY, f"{name} ended {slot.outcome.value}")
    if slot.outcome is Outcome.UNKNOWN:
        return Readiness(Ready.WAIT, f"{name} ended with unknown outcome; its hosts have to be read or asked about")
    return Readiness(Ready.NEVER, f"{name} ended {slot.outcome.value}, and {_wanted(dependency.when)}")


def _accepts(when: Upstream, outcome: Outcome) -> bool:
    if when is Upstream.ALWAYS:
        return True
    if when is Upstream.SUCCESS:
        return outcome is Outcome.OK
    return outcome not in (Outcome.OK, Outcome.SKIPPED, Outcome.UNKNOWN)


def _wanted(when: Upstream) -> str:
    return "this job runs after its success" if when is Upstream.SUCCESS else "this job runs after its failure"
