"""One causal chain: expected run, run, alert, incident, problem, known error, fix, recurrence, in both directions.

It is walked from any of them. Of many things of a kind the first are shown, with the number of the others; a thing that
was met before is not walked again, so that a circle ends.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries.causal_chain import tickets, work
from models.queries.causal_chain.content import Chain, Direction, Edge, Kind, More, Neighbours, Node
from models.queries.causal_chain.nodes import node_of
from models.queries.causal_chain.reading import kind_of
from models.rules.incidents import subject_number

__all__ = ["Chain", "Direction", "Edge", "Kind", "More", "Node", "causal_chain"]
MOST_NODES = 200
"""A page that holds more is read by nobody."""
Look = Callable[[Session, str], Iterator[Neighbours]]
LOOKS: dict[Kind, tuple[Look, Look]] = {
    Kind.EVENT: (work.before_event, work.after_event),
    Kind.SLOT: (work.before_slot, work.after_slot),
    Kind.RUN: (work.before_run, work.after_run),
    Kind.ALERT: (work.before_alert, work.after_alert),
    Kind.INCIDENT: (tickets.before_incident, tickets.after_incident),
    Kind.CANDIDATE: (tickets.before_candidate, tickets.after_candidate),
    Kind.PROBLEM: (tickets.before_problem, tickets.after_problem),
    Kind.KNOWN_ERROR: (tickets.before_known_error, tickets.after_known_error),
    Kind.FIX: (tickets.before_fix, tickets.after_fix),
}
"""What each kind of thing comes of, and what comes of it."""


def causal_chain(session: Session, start: str) -> Chain:
    """The chain of `incident/12`, `problem/5`, `run/7`, `slot/3`, `known-error/2`. Raises NotFound, ValueError."""
    first = node_of(session, start)
    if first is None:
        raise NotFound(f"there is no {kind_of(start).value} {subject_number(start)}")
    walked = _Walk(session)
    walked.nodes[start] = first
    for direction in Direction:
        walked.walk(start, direction)
    nodes = sorted(walked.nodes.values(), key=lambda node: (node.at is None, node.at or first.at, node.subject))
    edges = tuple(edge for edge in walked.edges if edge.earlier in walked.nodes and edge.later in walked.nodes)
    return Chain(start, tuple(nodes), edges, tuple(walked.more), tuple(walked.not_followed))


@dataclass
class _Walk:
    session: Session
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    more: list[More] = field(default_factory=list)
    not_followed: list[str] = field(default_factory=list)

    def walk(self, start: str, direction: Direction) -> None:
        """Everything in one direction, the nearest first."""
        waiting, met = deque([start]), {start}
        while waiting:
            subject = waiting.popleft()
            if len(self.nodes) >= MOST_NODES:
                self.not_followed.append(subject)
                continue
            before, after = LOOKS[kind_of(subject)]
            for found in (before if direction is Direction.BEFORE else after)(self.session, subject):
                self._tell(subject, direction, found)
                fresh = [one for one in found.subjects if one not in met]
                met.update(fresh)
                waiting += [one for one in fresh if self._knows(one)]

    def _tell(self, subject: str, direction: Direction, found: Neighbours) -> None:
        for other in found.subjects:
            ends = (other, subject) if direction is Direction.BEFORE else (subject, other)
            self.edges[Edge(*ends, found.verb)] = None
        left = found.number - len(found.subjects)
        if left:
            self.more.append(More(subject, direction, found.kind, found.verb, left))

    def _knows(self, subject: str) -> bool:
        """Take it in; what was forgotten since is told by its number alone."""
        if subject not in self.nodes:
            kind = kind_of(subject)
            gone = Node(subject, kind, subject_number(subject), "no longer kept", "", None)
            self.nodes[subject] = node_of(self.session, subject) or gone
        return self.nodes[subject].at is not None
