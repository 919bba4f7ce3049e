"""What a legal change of state is, and who makes it. The tables of moves are made of these."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who makes a move."""

    ENGINE = "engine"  # planner, relay, the events' part
    WORKER = "worker"  # the process that holds the run's lease
    OPERATOR = "operator"
    MANAGER = "manager"
    MAJOR_INCIDENT_MANAGER = "major incident manager"
    PROBLEM_MANAGER = "problem manager"
    CALLER = "caller"  # the person whom the incident troubles
    REQUESTER = "requester"  # who asked for what is to be approved
    APPROVER = "approver"  # who has a seat in a step of an approval
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Move:
    """One legal change of state; `also` names who else may make it."""

    source: StrEnum
    action: str
    target: StrEnum
    role: Role
    also: tuple[Role, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """Everybody who may make it."""
        return (self.role, *self.also)
