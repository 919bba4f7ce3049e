"""people.yaml: teams and persons."""

from enum import StrEnum

from pydantic import Field

from models.site.types import Mail, Name, Named, PersonId, SiteModel, Title


class PersonRole(StrEnum):
    """What a person may do at the desk."""

    OPERATOR = "operator"  # runs, kills and retries jobs, works on tickets
    MANAGER = "manager"  # reads reports, answers for a team
    REQUESTER = "requester"  # asks for things
    APPROVER = "approver"  # decides on requests of others
    MAJOR_INCIDENT_MANAGER = "major incident manager"  # decides what is a major incident
    PROBLEM_MANAGER = "problem manager"  # decides what is a problem, and when one is none any more
    ADMINISTRATOR = "administrator"  # changes Watchbill itself


class Team(Named):
    """A group that owns services, hosts and jobs."""

    title: Title = Field(description="What people call the team.")
    manager: PersonId | None = Field(default=None, description="The person who answers for the team.")
    mail: Mail | None = Field(default=None, description="Where the team reads mail.")


class Person(SiteModel):
    """Somebody who works with Watchbill."""

    id: PersonId = Field(description="The key of the entry.")
    name: Title = Field(description="First and last name.")
    mail: Mail | None = Field(default=None, description="Where the person reads mail.")
    teams: tuple[Name, ...] = Field(default=(), description="The teams the person works in.")
    roles: tuple[PersonRole, ...] = Field(
        default=(PersonRole.REQUESTER,), min_length=1, description="What the person may do."
    )
    manager: PersonId | None = Field(default=None, description="Whom the person reports to.")
    account_of: PersonId | None = Field(
        default=None, description="Whose further account this is: nobody approves by one what they ask for by another."
    )
