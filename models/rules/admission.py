"""Whether work may start at an instant: allowed calendars and blackouts together."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from models.rules.calendars import Calendar, closed_until, is_open, open_until, why
from models.rules.verdicts import Verdict
from models.rules.wall_clock import require_aware

# Each hop ends one blackout or one closed stretch; a file that needs more has no usable gap.
_MOST_HOPS = 400


def admits(only: Iterable[Calendar], never: Iterable[Calendar], instant: datetime) -> Verdict:
    """Whether work may start: outside every blackout, and inside one of the allowed calendars when any is named.

    A blackout wins over an allowed calendar. When refused, `until` is the first instant at which work may start
    (None: none in sight); when allowed, it is the first at which it may not.
    """
    at = require_aware(instant, "the instant")
    allowed, blackouts = tuple(only), tuple(never)
    reason = _refusal(allowed, blackouts, at)
    if reason is not None:
        return Verdict(False, reason, _first_admitted(allowed, blackouts, at))
    ends = [closed_until(blackout, at) for blackout in blackouts]
    if allowed:
        ends.append(_stays_open(allowed, at))
    names = ", ".join(calendar.name for calendar in allowed if is_open(calendar, at))
    text = f"inside the calendar {names}" if names else "no calendar is against it"
    return Verdict(True, text, min((end for end in ends if end), default=None))


def named(names: Iterable[str], calendars: Mapping[str, Calendar]) -> tuple[Calendar, ...]:
    """The calendars with these names. Raises ValueError for a name that the site does not have."""
    found = []
    for name in names:
        if name not in calendars:
            raise ValueError(f'there is no calendar "{name}"; known: {", ".join(sorted(calendars)) or "none"}')
        found.append(calendars[name])
    return tuple(found)


def _refusal(allowed: tuple[Calendar, ...], blackouts: tuple[Calendar, ...], at: datetime) -> str | None:
    for blackout in blackouts:
        if is_open(blackout, at):
            return f"inside the blackout {blackout.name}: {why(blackout, at)}"
    if allowed and not any(is_open(calendar, at) for calendar in allowed):
        closed = "; ".join(f"{calendar.name}: {why(calendar, at)}" for calendar in allowed)
        return f"outside the allowed calendar{'s' if len(allowed) > 1 else ''} {closed}"
    return None


def _first_admitted(allowed: tuple[Calendar, ...], blackouts: tuple[Calendar, ...], at: datetime) -> datetime | None:
    for _ in range(_MOST_HOPS):
        moved = at
        for blackout in blackouts:
            end = open_until(blackout, moved)
            if end is None:
                return None
            moved = end
        if allowed:
            openings = [opening for calendar in allowed if (opening := closed_until(calendar, moved))]
            if not openings:
                return None
            moved = min(openings)
        if moved == at:
            return at
        at = moved
    return None


def _stays_open(allowed: tuple[Calendar, ...], at: datetime) -> datetime | None:
    """When the last of the allowed calendars that hand over to each other closes."""
    end = at
    for _ in range(_MOST_HOPS):
        ends = [open_until(calendar, end) for calendar in allowed]
        if None in ends:
            return None
        latest = max((moment for moment in ends if moment), default=end)
        if latest == end:
            return end
        end = latest
    return end
