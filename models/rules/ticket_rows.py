"""The rows of a file as what they say of tickets; a row that cannot be one is refused, with its line and the reason."""

import difflib
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from models.rules.source_times import time_reader
from models.rules.ticket_cells import Cells, Value, picker, translator
from models.rules.ticket_map import COUNTS, INSTANTS, LONGEST_NAME, OTHERWISE, TEXTS, KindBy, TicketMap
from models.rules.ticket_practice import AS_BEFORE, HELD_FOR, PRACTICES, word_problems
from models.vocabulary import FileShape, SourceVerdict, TicketKind

SEPARATORS = {";": ";", "tab": "\t", "|": "|", ",": ","}
LONG_TEXTS = {"title", "description", "resolution"}
"""Fields that are cut to what is kept; any other is a name, and refused when it is too long."""
VERDICTS = {
    **dict.fromkeys(("true", "yes", "y", "1", "met"), SourceVerdict.MET),
    **dict.fromkeys(("false", "no", "n", "0", "missed", "breached"), SourceVerdict.MISSED),
}


class RowRefused(ValueError):
    """A row that cannot be taken in: why, as it is counted, and in its own words."""

    def __init__(self, reason: str, words: str) -> None:
        self.reason, self.words = reason, words
        super().__init__(words)


class Refusal(NamedTuple):
    """A row of the file that was refused."""

    line: int
    ticket: str
    """Its number in the source; empty when it has none."""
    reason: str
    words: str


class SourceRow(NamedTuple):
    """What a row says."""

    line: int
    id: str
    kind: TicketKind
    at: datetime | None
    state: str | None
    """Our word; None: as before."""
    told: str
    """The source's own words for the state."""
    values: tuple[str | None, ...]
    """The fields of TEXTS, in their order."""
    instants: tuple[datetime | None, ...]
    """Those of INSTANTS, in their order."""
    counts: tuple[int | None, ...]
    made_sla: SourceVerdict | None
    parent: str | None
    extra: tuple[str, ...]


class UnknownColumn(ValueError):
    """The map names a column that the file does not have."""

    def __init__(self, key: tuple[str, ...], message: str) -> None:
        self.key = key
        super().__init__(message)


class RowReader:
    """Reads rows by a map. Raises UnknownColumn for a map that does not fit the header."""

    def __init__(self, ticket_map: TicketMap, header: Sequence[str]) -> None:
        _check_header(ticket_map, header)
        self._map, self._header, self._width = ticket_map, header, len(header)
        columns, index = ticket_map.columns, {name: place for place, name in enumerate(header)}
        self._missing = frozenset({"", *ticket_map.file.missing})
        self._read_time = time_reader(ticket_map.times)
        self._id = index[columns.id]
        self._state = index[columns.state] if columns.state else None
        self._sub_state = index[columns.sub_state] if columns.sub_state else None
        self._sla = index[columns.made_sla] if columns.made_sla else None
        self._parent = index[columns.parent] if columns.parent else None
        self._kind = index[ticket_map.kind.column] if isinstance(ticket_map.kind, KindBy) else None
        self._verdicts = Cells(self._verdict)
        self._states = ticket_map.values.get("state")
        self._words: dict[tuple[TicketKind, str, str], str | None] = {}
        self._texts = self._cells(TEXTS, index, lambda name: Cells(self._text(name)))
        times = Cells(self._time)  # of all columns: the same moments stand in many
        self._instants = self._cells((*INSTANTS, "time"), index, lambda _: times)
        self._counts = self._cells(COUNTS, index, lambda _: Cells(self._count))
        used = {name for _, name in ticket_map.named()}
        self.extra_columns = tuple(name for name in header if name not in used) if ticket_map.extra else ()
        self._extra = picker([index[name] for name in self.extra_columns])

    def read(self, line: int, cells: Sequence[str]) -> SourceRow:
        """What a row says. Raises RowRefused."""
        if len(cells) != self._width:
            words = f"{len(cells)} columns, and the header has {self._width}"
            raise RowRefused("another number of columns", words)
        number = self._number(cells[self._id].strip())
        kind = self._kind_of(cells)
        state, told = self._state_of(kind, cells)
        *instants, at = self._instants(cells)
        _check_order(instants)
        return SourceRow(
            line,
            number,
            kind,
            at,
            state,
            told,
            self._texts(cells),
            tuple(instants),
            self._counts(cells),
            self._verdicts[cells[self._sla]] if self._sla is not None else None,
            self._parent_of(cells),
            self._extra(cells),
        )

    def _cells(
        self, names: Sequence[str], index: Mapping[str, int], cells_of: Callable[[str], Cells[Value | None]]
    ) -> Callable[[Sequence[str]], tuple[Value | None, ...]]:
        """Reads the fields of these names, in their order; None for one that has no column, or says nothing."""
        columns = [getattr(self._map.columns, name) for name in names]
        known = [(index[column], cells_of(name)) for name, column in zip(names, columns, strict=True) if column]
        numbers = itertools.count()
        spread = itemgetter(*(next(numbers) if column else -1 for column in columns))

        def read(cells: Sequence[str]) -> tuple[Value | None, ...]:
            found: list[Value | None] = []
            try:
                for place, meant in known:
                    found.append(meant[cells[place]])
            except RowRefused as error:
                raise RowRefused(error.reason, f"{self._header[place]}: {error.words}") from None
            found.append(None)
            return spread(found)  # type: ignore[no-any-return]  # a tuple, since there are several names

        return read

    def _number(self, text: str) -> str:
        if text in self._missing:
            raise RowRefused("no number", f"the column {self._map.columns.id} is empty")
        ids = self._map.ids
        if not text.startswith(ids.strip):
            raise RowRefused("a number of another kind", f"{text[:40]!r} does not begin with {ids.strip!r}")
        number = ids.prefix + text[len(ids.strip) :]
        if len(number) > LONGEST_NAME:
            raise RowRefused("a number that is too long", f"{number[:40]!r}... has {len(number)} characters")
        return number

    def _kind_of(self, cells: Sequence[str]) -> TicketKind:
        if self._kind is None or not isinstance(self._map.kind, KindBy):
            return self._map.kind  # type: ignore[return-value]  # the one is known with the other
        found = self._map.kind.kind_of(cells[self._kind].strip())
        if found is None:
            words = f"{self._map.kind.column} is {cells[self._kind][:40]!r}, of which the map says nothing"
            raise RowRefused("an unknown kind of ticket", words)
        return found

    def _state_of(self, kind: TicketKind, cells: Sequence[str]) -> tuple[str | None, str]:
        if self._state is None:
            return None, ""
        state = cells[self._state].strip()
        sub = cells[self._sub_state].strip() if self._sub_state is not None else ""
        sub = "" if sub in self._missing else sub
        key = kind, state, sub
        told = f"{state}/{sub}" if sub else state
        if key not in self._words:
            self._words[key] = self._word_for(kind, state, told)
        return self._words[key], told

    def _word_for(self, kind: TicketKind, state: str, told: str) -> str | None:
        table = self._states
        if state in self._missing and state not in (table or {}):
            if self._map.shape is FileShape.TICKETS:
                return None  # its times say it
            raise RowRefused("no state", f"the column {self._map.columns.state} is empty")
        if table is None:
            word = None if word_problems(told.lower()) else told.lower()
        else:
            word = next((table[text] for text in (told, state, OTHERWISE) if text in table), None)
        if word is None:
            raise RowRefused("an unknown state", f"{told[:60]!r} is in no line of `values.state`")
        if word == AS_BEFORE:
            return None
        if PRACTICES[kind].state_of(word.partition(HELD_FOR)[0]) is None:
            raise RowRefused("an unknown state", f"{told[:60]!r} is {word!r}, which no {kind.value} can be")
        return word

    def _time(self, written: str) -> datetime | None:
        text = written.strip()
        try:
            return None if text in self._missing else self._read_time(text)
        except ValueError as error:
            raise RowRefused("a time that cannot be read", str(error)) from None

    def _text(self, name: str) -> Callable[[str], str | None]:
        translate = translator(name, self._map.values.get(name))

        def read(written: str) -> str | None:
            text = written.strip()
            if text in self._missing:
                return None
            word = translate(text)
            if len(word) > LONGEST_NAME and name not in LONG_TEXTS:
                raise RowRefused("a name that is too long", f"{word[:40]!r}... has {len(word)} characters")
            return word

        return read

    def _count(self, written: str) -> int | None:
        text = written.strip()
        if text in self._missing:
            return None
        try:
            count = int(float(text.replace(self._map.file.decimal, ".")))
        except (ValueError, OverflowError):
            raise RowRefused("a number that cannot be read", f"{text[:40]!r} is no number") from None
        if count < 0:
            raise RowRefused("a number that cannot be read", f"{text[:40]!r} is below nothing")
        return count

    def _verdict(self, written: str) -> SourceVerdict | None:
        text = written.strip()
        if text in self._missing:
            return None
        said = self._map.values.get("made_sla", {})
        found = SourceVerdict(said[text]) if text in said else VERDICTS.get(text.lower())
        if found is None:
            words = f"{self._map.columns.made_sla}: {text[:40]!r}; say in `values.made_sla` whether it is met or missed"
            raise RowRefused("an unknown verdict", words)
        return found

    def _parent_of(self, cells: Sequence[str]) -> str | None:
        if self._parent is None:
            return None
        text = cells[self._parent].strip()
        if text in self._missing:
            return None
        ids = self._map.ids
        return ids.prefix + text.removeprefix(ids.strip)


def _check_header(ticket_map: TicketMap, header: Sequence[str]) -> None:
    there = ", ".join(header)
    for key, name in ticket_map.named():
        if list(header).count(name) > 1:
            raise UnknownColumn(key, f'the file has two columns "{name}": give one of them another name there')
        if name not in header:
            hint = _other_separator(header) or _meant(name, header)
            raise UnknownColumn(key, f'there is no column "{name}"{hint}; there are: {there}')


def _meant(name: str, header: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, header, 1, 0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def _other_separator(header: Sequence[str]) -> str:
    """That all the names were read as one, since something else stands between them."""
    found = next((word for word, sign in SEPARATORS.items() if len(header) == 1 and sign in header[0]), None)
    return f': the whole header is one, is `file.separator` "{found}"?' if found else ""


def _check_order(instants: Sequence[datetime | None]) -> None:
    opened = instants[0]
    if opened is None:
        return
    for name, at in zip(INSTANTS, instants, strict=True):
        if at is not None and at < opened:
            words = f"{name} {at:%Y-%m-%d %H:%M:%S} is before opened {opened:%Y-%m-%d %H:%M:%S} (UTC)"
            raise RowRefused("an end before the beginning", words)
