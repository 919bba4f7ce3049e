"""When a ticket was solved as its source says it in a column of its own, beside what its rows tell.

A log says a solution twice: the row of the change, and the moment that each row repeats (`resolved`). The moment is the
one that the other tool reports by. It holds for the last solution, where it lies between the last row that tells of
work and the end; else the rows hold.
"""

from collections.abc import Sequence
from datetime import datetime

from models.rules.source_tickets import SourceEvent
from models.rules.ticket_practice import Practice, state_in


def solved_as_said(
    practice: Practice, events: Sequence[SourceEvent], said: datetime, since: datetime
) -> Sequence[SourceEvent]:
    """The events, with the last solution at the moment that the source says. `since` is before the first of them."""
    states = [None if event.state is None else state_in(practice.kind, event.state) for event in events]
    work = [place for place, state in enumerate(states) if state is not None and practice.is_open(state)]
    begin = work[-1] + 1 if work else 0
    end = next((place for place in range(begin, len(events)) if states[place] in practice.over), len(events))
    solved = [place for place in range(begin, end) if states[place] is practice.solved]
    is_before = said < (events[begin - 1].at if begin else since)
    if not solved or is_before or (end < len(events) and said > events[end].at):
        return events
    found = [
        event._replace(state=None) if place in solved and event.at < said else event
        for place, event in enumerate(events)
    ]
    if all(events[place].at != said for place in solved):
        place = next((place for place in range(solved[0], end) if events[place].at > said), end)
        # It says nothing new but the state: what it repeats is what the row before it said.
        said_last = events[max(place - 1, solved[0])]
        found.insert(place, said_last._replace(at=said, state=events[solved[0]].state, told=events[solved[0]].told))
    return found
