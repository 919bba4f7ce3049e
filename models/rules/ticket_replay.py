"""What another tool tells of a ticket, as moves of our own tables: the same moves that a live ticket makes.

What no single move says is said by several (closed and on hold again: reopen, hold). What there is no way to at all, as
back to new, leaves an open ticket as it is and reopens one that is over. What is said of a ticket that is over, and is
no move, is a correction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from models.rules.incidents import fitting_text, fitting_title
from models.rules.lifecycle import Move
from models.rules.moves import TABLES
from models.rules.replay_columns import UNTOLD, Record, Said, columns_of, fresh, told_of
from models.rules.source_solutions import solved_as_said
from models.rules.source_tickets import RESOLVED, SourceEvent, SourceTicket
from models.rules.ticket_map import TEXTS
from models.rules.ticket_practice import CANCELLED, HELD_FOR, PRACTICES, Practice, path, state_in
from models.rules.ticket_rows import RowRefused
from models.vocabulary import HoldReason, ResolutionCode, TicketKind

HANDED, GRADED = ("team", "owner"), ("impact", "urgency", "priority")
DESCRIBED = ("service", "host", "category", "caller")
_TITLE, _DESCRIPTION = TEXTS.index("title"), TEXTS.index("description")
_RESOLUTION, _CODE = TEXTS.index("resolution"), TEXTS.index("resolution_code")
_HOLD_REASONS = {"": HoldReason.CALLER, **{reason.value: reason for reason in HoldReason}}
_CODES: Mapping[str | None, ResolutionCode] = {
    None: ResolutionCode.FIXED,
    **{code.value: code for code in ResolutionCode},
}
_TRACKED = tuple((TEXTS.index(name), name) for name in (*DESCRIBED, *HANDED, *GRADED))
Grade = Callable[[str | None, str | None, str | None], tuple[str, str, str]]
"""Impact, urgency and priority, each known, from what a source says of them."""


class Step(NamedTuple):
    """One row of the journal: the opening, a move, or a correction."""

    action: str
    at: datetime
    reason: str | None
    facts: Mapping[str, Any]
    move: Move | None = None
    target: StrEnum | None = None


@dataclass(frozen=True)
class Replayed:
    """What a ticket becomes by its events."""

    record: Record
    """The columns of the ticket and of its kind."""
    steps: tuple[Step, ...]


def replay(ticket: SourceTicket, grade: Grade) -> Replayed:
    """A ticket from its first event on. Raises RowRefused when its kind cannot make what is told of it."""
    player = Player(PRACTICES[ticket.kind], ticket, grade, {})
    player.open()
    return player.play(ticket.events)


def go_on(ticket: SourceTicket, grade: Grade, record: Mapping[str, Any], events: Sequence[SourceEvent]) -> Replayed:
    """The same of a ticket that is here already, as its record stands. Raises RowRefused, as above."""
    return Player(PRACTICES[ticket.kind], ticket, grade, dict(record)).play(events)


@dataclass(frozen=True)
class Player:
    """Plays the events of one ticket, and notes what becomes of its record."""

    practice: Practice
    ticket: SourceTicket
    grade: Grade
    record: Record
    steps: list[Step] = field(default_factory=list)

    def open(self) -> None:
        """The opening, with what the first event says."""
        first, record, practice = self.ticket.events[0], self.record, self.practice
        values = dict(zip(TEXTS, first.values, strict=True))
        record.update({name: values[name] for name in (*HANDED, *DESCRIBED)})
        record.update(self._grades(values["impact"], values["urgency"], values["priority"]))
        record.update(title=self._title(values["title"]), description=fitting_text(values["description"] or ""))
        record.update(opened_by=values["opened_by"] or values["caller"], opened_at=self.ticket.opened_at)
        record.update(fresh(practice.kind), state=practice.first)
        told = {name: record[name] for name in (*GRADED, *HANDED, *DESCRIBED) if name in record}
        self.steps.append(Step("open", self.ticket.opened_at, first.told or None, told, target=practice.first))

    def play(self, events: Sequence[SourceEvent]) -> Replayed:
        """All events in order."""
        said = self.ticket.instants[RESOLVED]
        if said is not None:
            since = self.steps[-1].at if self.steps else events[0].at
            events = solved_as_said(self.practice, events, said, since)
        for event in events:
            self._take_in(event, is_last=event is events[-1])
        return Replayed(self.record, tuple(self.steps))

    def _take_in(self, event: SourceEvent, *, is_last: bool) -> None:
        """First what the state of now allows to be said, then the way to the state that it came to, then the rest."""
        self._describe(event)
        anew = self._anew(event)
        if anew:
            self._edit({name: value for name, value in anew.items() if name in DESCRIBED}, event)
            anew = self._move_as_it_stands(anew, event)
        if event.state is not None:
            self._reach(event, is_last=is_last)
        if anew:
            anew = self._move_as_it_stands(anew, event)
            self._edit(self._handed(anew) | self._graded(anew), event)

    def _anew(self, event: SourceEvent) -> Record:
        """The fields that an event says, and says otherwise than they are known."""
        record, values, anew = self.record, event.values, {}
        for place, name in _TRACKED:
            value = values[place]
            if value is not None and value != record.get(name):
                anew[name] = value
        return anew

    def _move_as_it_stands(self, anew: Record, event: SourceEvent) -> Record:
        """Hand it over and judge it anew, if its state allows that. What is left of what an event says anew."""
        left: Record = {}
        for action, changes in (("assign", self._handed(anew)), ("set priority", self._graded(anew))):
            move = _staying(self.practice.kind, self.record["state"], action) if changes else None
            if move is not None:
                self.steps.append(Step(action, event.at, event.told or None, changes, move, move.target))
                self.record.update(changes)
            elif changes:
                left |= {name: value for name, value in anew.items() if name in changes or name in GRADED}
        return left

    def _reach(self, event: SourceEvent, *, is_last: bool) -> None:
        """Make the moves that lead to the state that an event tells of."""
        word, _, reason = (event.state or "").partition(HELD_FOR)
        practice, now = self.practice, self.record["state"]
        target = state_in(practice.kind, word)
        if target is None:
            raise RowRefused("an unknown state", f"{word!r} is no state of a {practice.kind.value}")
        is_cancelled = word == CANCELLED and practice.is_open(now) and is_last
        if word == CANCELLED and not is_cancelled:
            target = practice.over[0]
        if target is practice.solved and now in practice.over:
            return  # solved once more after its end: nothing was opened again
        ways = path(practice.kind, now, target, is_cancelled=is_cancelled)
        if ways is None:
            ways = self._back_to_work(event)
        elif not ways and reason and reason != self.record.get("hold_reason", reason):
            ways = tuple(filter(None, [_staying(practice.kind, now, "hold")]))
        for move in ways:
            self._make(move, event)

    def _back_to_work(self, event: SourceEvent) -> tuple[Move, ...]:
        """What is left where there is no way: an open ticket stays open, one that is over is opened again."""
        now = self.record["state"]
        if self.practice.is_open(now) and now is not self.practice.waiting:
            return ()
        ways = path(self.practice.kind, now, self.practice.working)
        if ways is None:
            words = f"{event.told!r} comes after it was {now.value}, and what is {now.value} cannot go on"
            raise RowRefused("a change after the end", words)
        return ways

    def _make(self, move: Move, event: SourceEvent) -> None:
        at = self._moment(move, event)
        changes = columns_of(self.practice.kind, move, self.record, self._said(event, at))
        self.record.update(changes, state=move.target)
        told = told_of(changes)
        self.steps.append(Step(move.action, at, event.told or None, told, move, move.target))

    def _moment(self, move: Move, event: SourceEvent) -> datetime:
        """A solution of which no row tells was there when the source says so, if that lies before the end."""
        said = self.ticket.instants[RESOLVED]
        is_implied = move.action == self.practice.solve and event.state in {"closed", CANCELLED}
        before = self.steps[-1].at if self.steps else self.ticket.opened_at
        return said if is_implied and said is not None and before <= said <= event.at else event.at

    def _said(self, event: SourceEvent, at: datetime) -> Said:
        words, code = event.values[_RESOLUTION], event.values[_CODE]
        return Said(
            at,
            _HOLD_REASONS[(event.state or "").partition(HELD_FOR)[2]],
            fitting_text(words) if words else UNTOLD,
            _CODES[code],
        )

    def _handed(self, anew: Record) -> Record:
        return {name: anew[name] for name in HANDED if name in anew}

    def _graded(self, anew: Record) -> Record:
        """How grave it is by what is said anew, and by what was known before; nothing when that is the same."""
        if not any(name in anew for name in GRADED):
            return {}
        impact, urgency = (anew.get(name) or self.record.get(name) for name in ("impact", "urgency"))
        graded = self._grades(impact, urgency, anew.get("priority"))
        return graded if any(self.record[name] != value for name, value in graded.items()) else {}

    def _grades(self, impact: str | None, urgency: str | None, priority: str | None) -> Record:
        """Impact, urgency and priority; a request has a priority only."""
        graded = dict(zip(GRADED, self.grade(impact, urgency, priority), strict=True))
        return {"priority": graded["priority"]} if self.practice.kind is TicketKind.REQUEST else graded

    def _edit(self, changes: Record, event: SourceEvent) -> None:
        if changes:
            was = {name: self.record[name] for name in changes}
            self.record.update(changes)
            self.steps.append(Step("edit", event.at, event.told or None, {**changes, "was": was}))

    def _describe(self, event: SourceEvent) -> None:
        """Take over what nobody moves."""
        title, description = event.values[_TITLE], event.values[_DESCRIPTION]
        if title is not None:
            self.record["title"] = self._title(title)
        if description is not None:
            self.record["description"] = fitting_text(description)

    def _title(self, text: str | None) -> str:
        return fitting_title(text or f"{self.practice.kind.value} {self.ticket.id}")


@cache
def _staying(kind: TicketKind, state: StrEnum, action: str) -> Move | None:
    """The move of this name that a ticket of this kind makes in this state and stays in it."""
    moves = (move for move in TABLES[kind.value] if move.source is state and move.target is state)
    return next((move for move in moves if move.action == action), None)
