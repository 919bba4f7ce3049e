"""The words of problems: the causes of incidents, what is known of them, and what is found in the history."""

from enum import StrEnum


class ProblemState(StrEnum):
    """Where a problem stands."""

    NEW = "new"
    ASSESSED = "assessed"  # how grave it is and who works on it is said
    UNDER_INVESTIGATION = "under investigation"
    ROOT_CAUSE_KNOWN = "root cause known"
    KNOWN_ERROR = "known error"  # its cause is known, and there is a workaround
    FIX_IN_PROGRESS = "fix in progress"
    WATCHING = "watching"  # the fix is in; it holds when nothing comes back for some days
    RESOLVED = "resolved"  # nothing came back
    CLOSED = "closed"
    RISK_ACCEPTED = "risk accepted"  # it will not be fixed: somebody answers for that, until a date


class ProblemOrigin(StrEnum):
    """How a problem came to be known."""

    REACTIVE = "reactive"  # out of incidents, by a person or a rule
    PROACTIVE = "proactive"  # found in the history, before anybody asked
    IMPORTED = "imported"  # out of another tool


class ProblemOutcome(StrEnum):
    """How a problem came to its end."""

    FIXED = "fixed"
    DUPLICATE = "duplicate"
    NO_PROBLEM = "no problem"  # the analysis found none


class EscalateOn(StrEnum):
    """What makes an incident a problem, by a rule of problems.yaml."""

    MAJOR = "major"  # it was accepted as a major one
    REOPENED = "reopened"  # so many times
    WORKAROUND = "workaround"  # it was resolved by one: its cause is still there
    KNOWN_ERROR = "known error"  # so many incidents were the same known error


class AnalysisKind(StrEnum):
    """What an entry of the analysis of a problem says."""

    SYMPTOM = "symptom"
    IMPACT = "impact"
    WHY = "why"  # one answer of the five whys, numbered
    CAUSE = "cause"  # a branch of the cause tree; below another cause, or a root of its own


class CandidateState(StrEnum):
    """What was decided about a pattern that may be a problem."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class KnownErrorState(StrEnum):
    """Whether a known error is shown to those who work on incidents."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"
