"""Which ticket is part of which, as a file says it: circles, and parents that there are not, are refused."""

from collections.abc import Collection, Mapping

from models.rules.ticket_rows import Refusal

MOST_NAMED = 5
Parents = Mapping[str, tuple[int, str]]
"""Of each ticket the line that says it, and its parent."""


def sound_parents(parents: Parents, known: Collection[str]) -> tuple[dict[str, str], list[Refusal]]:
    """The parent of each ticket, and what was refused: only tickets that are known have parts.

    Of a circle every link is refused, since nobody can say which of them is wrong.
    """
    found: dict[str, str] = {}
    refused = []
    circles = _in_circles({child: parent for child, (_, parent) in parents.items()})
    for child, (line, parent) in parents.items():
        if child in circles:
            words = f"{_circle(child, parents)}: no link is made"
            refused.append(Refusal(line, child, "a circle of parents", words))
        elif parent not in known:
            words = f"{child} is part of {parent}, which never came from this source, or was refused: no link is made"
            refused.append(Refusal(line, child, "a parent that there is not", words))
        else:
            found[child] = parent
    return found, refused


def _circle(child: str, parents: Parents) -> str:
    """A circle in words, as it is gone through from one of its tickets."""
    words, at = child, child
    for _ in range(MOST_NAMED):
        at = parents[at][1]
        if at == child:
            return f"{words} is part of itself" if words == child else f"{words} is part of {child}"
        words += f" is part of {at}, which"
    return f"{words} is, by way of others, part of {child}"


def _in_circles(parents: Mapping[str, str]) -> set[str]:
    """Every ticket that comes back to itself; those that only lead there are not in the circle."""
    circles: set[str] = set()
    done: set[str] = set()
    for start in parents:
        way: list[str] = []
        seen: dict[str, int] = {}
        at: str | None = start
        while at is not None and at not in done and at not in seen:
            seen[at] = len(way)
            way.append(at)
            at = parents.get(at)
        if at in seen:
            circles.update(way[seen[at] :])
        done.update(way)
    return circles
