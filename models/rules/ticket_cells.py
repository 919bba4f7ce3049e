"""The cells of a file of tickets: what each means, found once for all that are written alike."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from models.rules.ticket_map import LONGEST_NAME, OTHERWISE
from models.vocabulary import ResolutionCode

MOST_KNOWN = 100_000
Value = TypeVar("Value")


class Cells(dict[str, Value]):
    """What the cells of one column mean, by how they are written: a file has most of them many times."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, written: str) -> Value:
        value = self._read(written)
        if len(written) <= LONGEST_NAME:
            if len(self) >= MOST_KNOWN:
                self.clear()
            self[written] = value
        return value


def picker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Gives the cells at these places, in their order."""
    if not places:
        return lambda _: ()
    pick = itemgetter(*places)
    return pick if len(places) > 1 else lambda cells: (pick(cells),)


def translator(name: str, table: Mapping[str, str] | None) -> Callable[[str], str]:
    """What the map makes of a value. A value that the map does not name stays as it is."""
    if name == "resolution_code":
        return _code(table or {})
    if table is None:
        return str
    otherwise = table.get(OTHERWISE)
    return lambda text: table.get(text, otherwise or text)


def _code(table: Mapping[str, str]) -> Callable[[str], str]:
    """Codes that are none of ours are read as a plain solution, since they say in their own words how it was."""
    otherwise = table.get(OTHERWISE, ResolutionCode.FIXED.value)
    known = {code.value: code.value for code in ResolutionCode}
    return lambda text: table.get(text) or known.get(text.lower()) or otherwise
