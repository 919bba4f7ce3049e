"""Who may decide in a step: the people that a scheme means, never who asks nor who benefits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.rules.approvals.people import Staff
from models.rules.approvals.schemes import REQUESTER, Approver
from models.vocabulary import ApproverKind


@dataclass(frozen=True)
class Involved:
    """Who asks, and for whom: identities."""

    requester: str
    beneficiary: str

    @property
    def people(self) -> frozenset[str]:
        """Both, who may be one."""
        return frozenset({self.requester, self.beneficiary})


def seats_of(
    approvers: Iterable[Approver], involved: Involved, facts: Mapping[str, Any], staff: Staff
) -> dict[str, str]:
    """Each identity that may decide, with the first rule that says so; nobody who asks or benefits."""
    seats: dict[str, str] = {}
    for approver in approvers:
        for person in meant(approver, involved, facts, staff):
            seats.setdefault(staff.identity(person), str(approver))
    return {identity: rule for identity, rule in seats.items() if identity not in involved.people}


def meant(approver: Approver, involved: Involved, facts: Mapping[str, Any], staff: Staff) -> Iterator[str]:
    """The people of the site that an entry of a scheme means, by name; whoever has left it is none."""
    return (person for person in _named(approver, involved, facts, staff) if staff.knows(person))


def _named(approver: Approver, involved: Involved, facts: Mapping[str, Any], staff: Staff) -> Iterator[str]:
    match approver.kind:
        case ApproverKind.PERSON:
            yield approver.name
        case ApproverKind.TEAM:
            yield from (name for name in sorted(staff.people) if approver.name in staff.people[name].teams)
        case ApproverKind.ROLE:
            yield from (name for name in sorted(staff.people) if approver.name in staff.people[name].roles)
        case ApproverKind.MANAGER_OF:
            of_whom = involved.requester if approver.name == REQUESTER else involved.beneficiary
            yield from filter(None, [staff.manager_of(of_whom)])
        case ApproverKind.OWNER_OF:
            yield from _owners(facts.get(approver.name), staff)
        case ApproverKind.NAMED_IN:
            named = facts.get(approver.name)
            several = named if isinstance(named, list | tuple) else [named]
            yield from (person for person in several if isinstance(person, str))


def _owners(service: object, staff: Staff) -> Iterator[str]:
    """Who answers for the team that owns a service; of a team without a manager, all of it."""
    team = staff.owners.get(service) if isinstance(service, str) else None
    if team is None:
        return
    if team in staff.leads:
        yield staff.leads[team]
    else:
        yield from (name for name in sorted(staff.people) if team in staff.people[name].teams)
