"""When a group would be told, in a replay: by models.rules.grouping. A group that is over collects anew."""

from collections.abc import Callable
from datetime import datetime

from models.rules.alert_facts import Course
from models.rules.grouping import Group, Timing, Told, look_at, next_look
from models.rules.verdicts import Verdict
from models.vocabulary import Standing

ASKING = (Standing.OPEN, Standing.FLAPPING)


class ReplayedTelling:
    """What has been told of the alerts of a group, and when it is looked at."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._standing: dict[str, Standing] = {}
        """Of those that ask, or were told as firing."""
        self._told: set[str] = set()
        self._new: set[str] = set()
        """Those that ask and are not told, or were told and are over."""
        self._told_at: datetime | None = None
        self._looked: datetime | None = None
        self._since: datetime | None = None
        self._is_idle = False
        """Its looks are left out, since they would find nothing."""
        self.first_look: datetime | None = None
        """Until then the group is collected; None: nothing of it has asked since it was over."""

    def note(self, key: str, course: Course) -> None:
        """How an alert of the group stands now."""
        if course.standing in ASKING and (self._since is None or course.firing_since < self._since):
            self._since = course.firing_since
        if course.standing in ASKING or key in self._told:
            self._standing[key] = course.standing
        else:
            self._standing.pop(key, None)
        self._count(key)

    def ask_anew(self, key: str) -> None:
        """An alert is to be told again, as if it were new."""
        self._told.discard(key)
        self._count(key)

    def forget(self, key: str) -> None:
        """An alert goes to another group."""
        self._told.discard(key)
        self._standing.pop(key, None)
        self._count(key)

    def _count(self, key: str) -> None:
        standing = self._standing.get(key)
        if standing is not None and (standing is Standing.OVER) is (key in self._told):
            self._new.add(key)
        else:
            self._new.discard(key)

    def begin(self, now: datetime) -> None:
        """Collect from the first that asks on; what has fired for longer than the wait is not held back."""
        if self._looked is not None or self._since is None:
            return
        first = self.first_look or now + self._timing.wait
        self.first_look = min(first, now) if self._since + self._timing.wait < now else first

    def look(self, may_tell: Callable[[], Verdict], now: datetime) -> datetime | None:
        """Tell what is due; gives the time of the next look, None when the group is over."""
        if self.first_look is None:
            return None
        if self._is_idle and self._looked is not None:
            self._looked += (now - self._looked) // self._timing.interval * self._timing.interval
        due = next_look(Group(self.first_look, looked=self._looked), self._timing)
        if now < due:
            return self._next(due)
        verdict = may_tell()
        look = look_at(self._group(self.first_look), self._timing, now, None if verdict.allowed else verdict.reason)
        if look.tell:
            self._standing = {key: one for key, one in self._standing.items() if one is not Standing.OVER}
            self._told, self._told_at = set(self._standing), now
            self._new.clear()
        if look.group is None:
            self.first_look = self._looked = self._told_at = self._since = None
            self._told.clear()
            self._standing.clear()
            self._new.clear()
            self._is_idle = False
        else:
            self._looked = now
        return self._next(look.next_at)

    def _next(self, due: datetime | None) -> datetime | None:
        """When to look again; while everything is told, a look would change nothing before an alert does."""
        self._is_idle = self._looked is not None and bool(self._standing) and not self._new
        return None if self._is_idle else due

    def _group(self, first_look: datetime) -> Group:
        over = {key for key, standing in self._standing.items() if standing is Standing.OVER}
        firing = frozenset(self._standing.keys() - over)
        told = None
        if self._told_at is not None:
            told = Told(self._told_at, frozenset(self._told), frozenset())
        return Group(first_look, firing=firing, resolved=frozenset(over), looked=self._looked, told=told)
