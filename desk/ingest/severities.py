"""What the words mean that people give to how bad something is, where a format leaves the word to them."""

from models.vocabulary import Severity

OWN = {severity.value: severity for severity in Severity}
FREE = {
    **OWN,
    **dict.fromkeys(("emergency", "alert", "fatal", "disaster", "page", "p1", "sev1"), Severity.CRITICAL),
    **dict.fromkeys(("error", "err", "major", "severe", "p2", "sev2"), Severity.HIGH),
    **dict.fromkeys(("warn", "medium", "moderate", "average", "p3", "sev3"), Severity.WARNING),
    **dict.fromkeys(("minor", "p4", "sev4"), Severity.LOW),
    **dict.fromkeys(("information", "informational", "notice", "debug", "none", "ok", "p5", "sev5"), Severity.INFO),
}
"""Alertmanager's label and the extension of a CloudEvent hold any word: these are those in use."""


def severity_of(word: str) -> Severity:
    """What a free word means, whatever its case; `warning` for none, and for one that nobody has heard of.

    The word itself stays among the labels, so that a rule can say better.
    """
    return FREE.get(word) or FREE.get(word.strip().lower(), Severity.WARNING)
