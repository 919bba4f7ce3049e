"""The people of the site as approvals see them: one identity each, whatever account they use."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Colleague:
    """One entry of people.yaml."""

    teams: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    manager: str | None = None
    account_of: str | None = None
    """Whose further account this is."""


@dataclass(frozen=True)
class Staff:
    """Everybody, who leads which team, and which team owns which service."""

    people: Mapping[str, Colleague] = field(default_factory=dict)
    leads: Mapping[str, str] = field(default_factory=dict)
    """The manager of each team that has one."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """The team that owns each service."""

    def identity(self, person: str) -> str:
        """Who a person is, whatever account they use; a stranger, or one on a circle of accounts, is themselves."""
        passed = [person]
        while (above := self._account_of(passed[-1])) is not None and above not in passed:
            passed.append(above)
        return passed[-1] if above is None else person

    def knows(self, person: str) -> bool:
        """Whether the site has such a person now."""
        return person in self.people

    def roles_of(self, person: str) -> frozenset[str]:
        """What a person may do, by this account."""
        return self.people[person].roles if person in self.people else frozenset()

    def manager_of(self, person: str) -> str | None:
        """Whom a person reports to, by whatever account that is known of."""
        own = self.people.get(person)
        return own.manager if own else None

    def _account_of(self, person: str) -> str | None:
        return self.people[person].account_of if person in self.people else None
