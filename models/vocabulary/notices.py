"""The words of notices."""

from enum import StrEnum


class NoticeTag(StrEnum):
    """What a receiver can be told of: a folder of templates/notices each. (Jobs tell by their own `notify`.)"""

    INCIDENT_OPENED = "incident-opened"
    INCIDENT_ASSIGNED = "incident-assigned"
    INCIDENT_UPDATED = "incident-updated"
    INCIDENT_ESCALATED = "incident-escalated"
    INCIDENT_WARNING = "incident-warning"  # most of a promised time is used up
    INCIDENT_BREACHED = "incident-breached"
    INCIDENT_RESOLVED = "incident-resolved"
    INCIDENT_CLOSED = "incident-closed"
    INCIDENT_REOPENED = "incident-reopened"
    MAJOR_DECLARED = "major-declared"
    MAJOR_UPDATE = "major-update"
    MAJOR_UPDATE_DUE = "major-update-due"  # to the commander: the next update is wanted
    MAJOR_REVIEW_DUE = "major-review-due"  # to who led it: what it taught is to be written down
    PROBLEM_OPENED = "problem-opened"
    PROBLEM_ASSIGNED = "problem-assigned"
    PROBLEM_REOPENED = "problem-reopened"  # what it is the cause of came back after the fix, or a risk ran out
    PROBLEM_RESOLVED = "problem-resolved"  # nothing came back
    PROBLEM_DUE = "problem-due"  # a review or a task of it
    PROBLEM_CANDIDATES = "problem-candidates"  # what recurs and asks for a decision
    KNOWN_ERROR_DUE = "known-error-due"  # to its owner: its review
    APPROVAL_ASKED = "approval-asked"  # to who may decide
    APPROVAL_REMINDED = "approval-reminded"
    APPROVAL_ESCALATED = "approval-escalated"  # to who may decide, too, as the others did not
    APPROVAL_REASSIGNED = "approval-reassigned"
    APPROVAL_SENT_BACK = "approval-sent-back"  # to who asks: more is to be said
    APPROVAL_DECIDED = "approval-decided"  # to who asks, and who benefits
    APPROVAL_DELEGATED = "approval-delegated"  # to who decides in another's place
    ALERT_GROUP = "alert-group"
    SILENCE_ENDING = "silence-ending"
    SOURCE_SILENT = "source-silent"
    DIGEST = "digest"  # what quiet hours held back
    TEST = "test"


class WhenQuiet(StrEnum):
    """What becomes of a notice in quiet hours."""

    DIGEST = "digest"  # kept, and told in one message at their end
    DROP = "drop"  # not told at all


class NoticeState(StrEnum):
    """Where one notice to one address stands."""

    WAITING = "waiting"  # to be sent, or to be tried again
    HELD = "held"  # by quiet hours
    SENT = "sent"  # the service at the address took it
    DIGESTED = "in a digest"
    DROPPED = "dropped"  # by quiet hours
    FAILED = "failed"  # for good
