"""Whether a text matches a pattern as a whole, in time that grows with the text and never explodes.

Alertmanager anchors its patterns and runs them with RE2. Python's own `re` goes back and tries again, which takes
for ever on `(a+)+`, and reads some texts differently. So the pattern becomes a small machine here: a set of places
in the pattern that moves on with each character. A set that was seen before is looked up (a lazy automaton), so that
most characters cost one look-up; the worst one costs MOST_STEPS. No dependency is needed.
"""

from functools import lru_cache

from models.rules.pattern_classes import Spans, holds
from models.rules.pattern_escapes import PatternError
from models.rules.pattern_syntax import Assertion, Chars, Either, Part, Repeat, Sequence, read_pattern

MOST_STEPS = 5_000
"""A pattern that needs more places than this is refused: it could take seconds for one long value."""
_MOST_KEPT = 100_000
"""How much a machine remembers, in places and moves, before it forgets all: a few megabytes."""
_EDGE, _NEWLINE, _WORD, _OTHER = range(4)


class Pattern:
    """A pattern that was understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        part = read_pattern(text)
        self.words = _words_of(part)
        """The texts that match, when it only lists them."""
        self._machine = None if self.words is not None else _Machine(part)

    def matches(self, value: str) -> bool:
        """Whether the whole value matches."""
        if self._machine is None:
            return value in (self.words or ())
        return self._machine.accepts(value)


@lru_cache(maxsize=1024)
def pattern_of(text: str) -> Pattern:
    """The pattern of this text. Raises PatternError, a ValueError with the column."""
    return Pattern(text)


def _words_of(part: Part) -> frozenset[str] | None:
    """The texts that match, when the pattern only lists them."""
    options = part.options if isinstance(part, Either) else (part,)
    words = [_word_of(option) for option in options]
    return None if None in words else frozenset(word for word in words if word is not None)


def _word_of(part: Part) -> str | None:
    signs = []
    for piece in part.parts if isinstance(part, Sequence) else (part,):
        if not isinstance(piece, Chars) or len(piece.spans) != 1 or piece.spans[0][0] != piece.spans[0][1]:
            return None
        signs.append(chr(piece.spans[0][0]))
    return "".join(signs)


class _State:
    """A set of places in the pattern, the kind of the character before it, and where characters lead."""

    __slots__ = ("accepting", "before", "moves", "places")

    def __init__(self, places: frozenset[int], before: int) -> None:
        self.places = places
        self.before = before
        self.moves: dict[str, _State] = {}
        self.accepting: bool | None = None


# A place is a set of characters or an assertion with the place after it, a fork with the places to go on, or the end.
_Step = tuple[Spans | Assertion | None, tuple[int, ...]]


class _Machine:
    def __init__(self, part: Part) -> None:
        self.steps: list[_Step] = [(None, ())]
        self.budget = MOST_STEPS
        self.first = self._add(part, 0)
        self.looks_around = any(isinstance(test, Assertion) for test, _ in self.steps)
        self._forget()

    def accepts(self, text: str) -> bool:
        state = self.start
        for sign in text:
            following = state.moves.get(sign)
            state = following if following is not None else self._move(state, sign)
            if not state.places:
                return False
        if state.accepting is None:
            state.accepting = 0 in self._reached(state, _EDGE)
        return state.accepting

    def _forget(self) -> None:
        self.states: dict[tuple[frozenset[int], int], _State] = {}
        self.kept = 0
        self.start = self._state(frozenset((self.first,)), _EDGE)

    def _state(self, places: frozenset[int], before: int) -> _State:
        key = (places, before if self.looks_around else _EDGE)
        found = self.states.get(key)
        if found is None:
            found = self.states[key] = _State(*key)
            self.kept += 1 + len(places)
        return found

    def _move(self, state: _State, sign: str) -> _State:
        if self.kept > _MOST_KEPT:
            self._forget()  # a state that is being walked stays good; it is only no longer found
        kind, code = _kind(sign), ord(sign)
        places = frozenset(
            following[0]
            for test, following in map(self.steps.__getitem__, self._reached(state, kind))
            if isinstance(test, tuple) and holds(test, code)
        )
        found = self._state(places, kind)
        state.moves[sign] = found
        self.kept += 1
        return found

    def _reached(self, state: _State, following: int) -> set[int]:
        """Every place that can be reached between two characters of these kinds."""
        reached, open_places = set(state.places), list(state.places)
        while open_places:
            test, onward = self.steps[open_places.pop()]
            if isinstance(test, tuple) or (test is not None and not _is_so(test, state.before, following)):
                continue
            new = [place for place in onward if place not in reached]
            reached.update(new)
            open_places += new
        return reached

    def _add(self, part: Part, onward: int) -> int:
        """Adds a part that goes on at a place; gives the place where it begins."""
        self.budget -= 1
        if self.budget < 0:
            raise PatternError(
                1, f"the pattern is too large: more than {MOST_STEPS} steps with its repeats written out"
            )
        if isinstance(part, Sequence):
            for piece in reversed(part.parts):
                onward = self._add(piece, onward)
            return onward
        if isinstance(part, Either):
            return self._step((None, tuple(self._add(option, onward) for option in part.options)))
        if isinstance(part, Repeat):
            return self._repeated(part, onward)
        return self._step((part.spans if isinstance(part, Chars) else part, (onward,)))

    def _repeated(self, repeat: Repeat, onward: int) -> int:
        if repeat.most is None:
            loop = self._step((None, ()))
            self.steps[loop] = (None, (self._add(repeat.part, loop), onward))
            begin = loop
        else:
            begin = onward
            for _ in range(repeat.most - repeat.least):
                begin = self._step((None, (self._add(repeat.part, begin), onward)))
        for _ in range(repeat.least):
            begin = self._add(repeat.part, begin)
        return begin

    def _step(self, step: _Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


def _kind(sign: str) -> int:
    if sign == "\n":
        return _NEWLINE
    return _WORD if sign == "_" or (sign.isascii() and sign.isalnum()) else _OTHER


def _is_so(assertion: Assertion, before: int, following: int) -> bool:
    match assertion:
        case Assertion.TEXT_BEGINS:
            return before == _EDGE
        case Assertion.TEXT_ENDS:
            return following == _EDGE
        case Assertion.LINE_BEGINS:
            return before in (_EDGE, _NEWLINE)
        case Assertion.LINE_ENDS:
            return following in (_EDGE, _NEWLINE)
        case Assertion.WORD_EDGE:
            return (before == _WORD) != (following == _WORD)
        case Assertion.NO_WORD_EDGE:
            return (before == _WORD) == (following == _WORD)
