"""What the journal says of incidents, as lines: style and words."""

import json

from sqlalchemy.orm import Session

from models.records import Incident, JournalRow

BAD, GOOD, MIND, PERSON = "bold red", "green", "yellow", "magenta"
STYLES = {
    "open": BAD,
    "warn": MIND,
    "breach": BAD,
    "escalate": MIND,
    "take": PERSON,
    "hold": PERSON,
    "resume": PERSON,
    "resolve": GOOD,
    "reopen": BAD,
}
"""What is worth a line."""
PAST = {"take": "taken", "hold": "put on hold", "resume": "taken up again", "reopen": "reopened"}


def told(session: Session, row: JournalRow) -> tuple[str, str] | None:
    """The line of a journal row that is about an incident; None for any other, and for what is of no interest."""
    practice, kind, action = row.tag.split(":")
    if (practice, kind) != ("incidents", "incident") or action not in STYLES:
        return None
    incident = session.get_one(Incident, int(row.subject.partition("/")[2]))
    return STYLES[action], f"{incident.number:<18} {_words(incident, action, row)}"


def _words(incident: Incident, action: str, row: JournalRow) -> str:
    facts = json.loads(row.facts)
    if action == "open":
        where = f", {facts['service']}" if facts.get("service") else ""
        return f"opened ({facts['priority']}{where}): {incident.title}"
    if action in ("warn", "breach"):
        return f"{'PROMISE BROKEN' if action == 'breach' else 'promise in danger'}: {row.reason}"
    if action == "escalate":
        return f"escalated: {row.reason}"
    if action == "resolve":
        return f"resolved by {row.actor}: {facts['resolution_code']}, {facts['resolution']}"
    return f"{PAST[action]} by {row.actor}{f': {row.reason}' if row.reason else ''}"
