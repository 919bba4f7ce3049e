"""What a part does now and then."""

from datetime import datetime, timedelta


class Rhythm:
    """When each thing was last done."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}

    def is_time(self, what: str, every: timedelta, now: datetime) -> bool:
        """Whether this is due again; if so, it counts as done now."""
        last = self._last.get(what)
        # A clock that was set back must not stop the work until it has caught up.
        if last is not None and timedelta(0) <= now - last < every:
            return False
        self._last[what] = now
        return True

    def again(self, what: str) -> None:
        """Have it due at once: there is more of it to do."""
        self._last.pop(what, None)
