"""Whom of a team an incident goes to: in turn, or to who has the fewest."""

from collections.abc import Mapping, Sequence


def next_in_turn(people: Sequence[str], last: str | None) -> str | None:
    """Who comes after the last one, by name and round again; nobody when there is nobody.

    It stays fair when people come and go: the last one need not be among them any more.
    """
    in_order = sorted(set(people))
    if not in_order:
        return None
    return next((name for name in in_order if last is not None and name > last), in_order[0])


def least_loaded(people: Sequence[str], open_incidents: Mapping[str, int], last: str | None) -> str | None:
    """Who has the fewest open incidents; of several, whose turn it is."""
    if not people:
        return None
    fewest = min(open_incidents.get(name, 0) for name in people)
    return next_in_turn([name for name in people if open_incidents.get(name, 0) == fewest], last)
