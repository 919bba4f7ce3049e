"""The words of approvals."""

from enum import StrEnum


class ApprovalState(StrEnum):
    """Where an approval stands."""

    OPEN = "open"  # somebody has to decide
    SENT_BACK = "sent back"  # the requester has to say more first
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"  # nobody decided in time
    WITHDRAWN = "withdrawn"  # the requester wants it no more
    VOID = "void"  # what it was about is no more, or the policy has no such scheme any more


class ApprovalStepState(StrEnum):
    """Where one step of an approval stands."""

    WAITING = "waiting"  # for the steps before it
    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    DROPPED = "dropped"  # the approval ended, or was asked anew, without it


class ApprovalVerdict(StrEnum):
    """What one person decides."""

    APPROVE = "approve"
    DENY = "deny"


class OnTimeout(StrEnum):
    """What a step comes to when nobody decides in time."""

    DENY = "deny"
    APPROVE = "approve"


class ApproverKind(StrEnum):
    """How a step names those who may decide: the key in approvals.yaml."""

    PERSON = "person"
    TEAM = "team"
    ROLE = "role"
    MANAGER_OF = "manager_of"  # of the requester or the beneficiary
    OWNER_OF = "owner_of"  # of the service in this fact
    NAMED_IN = "named_in"  # the person in this fact
