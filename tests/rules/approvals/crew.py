"""The people of these tests: Ann asks, Bob is her manager, Cid leads the web team, Eve runs the site."""

from datetime import UTC, datetime, timedelta

from models.rules.approvals.delegating import Delegation
from models.rules.approvals.people import Colleague, Staff

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEB = frozenset({"web"})
STAFF = Staff(
    people={
        "ann": Colleague(teams=WEB, roles=frozenset({"requester", "approver"}), manager="bob"),
        "ann-root": Colleague(teams=WEB, roles=frozenset({"approver", "administrator"}), account_of="ann"),
        "bob": Colleague(roles=frozenset({"manager", "approver"}), manager="eve"),
        "cid": Colleague(teams=WEB, roles=frozenset({"approver"})),
        "dot": Colleague(teams=WEB),
        "eve": Colleague(roles=frozenset({"administrator", "manager"})),
    },
    leads={"web": "cid"},
    owners={"shop": "web", "mail": "post", "files": "nobody"},
)


def passed_on(person: str, delegate: str, begins: float = -1, ends: float = 7) -> Delegation:
    """A delegation, in days from now."""
    return Delegation(person, delegate, NOW + begins * DAY, NOW + ends * DAY)
