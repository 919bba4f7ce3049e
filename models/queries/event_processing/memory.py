"""What the part `events` keeps in mind between transactions. After one that failed it is made anew."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from sqlalchemy.orm import Session

from models.queries.event_processing.event_book import EventBook
from models.queries.event_processing.mutes import Mutes, Signature
from models.queries.event_processing.policies import PolicyShelf
from models.rules.grouping import group_key
from models.rules.matchers import Labels
from models.rules.routing import Branch

_DIGEST_BYTES = 16
MOST_KNOWN = 200_000
"""Events whose alert is known: some 40 MB."""


@dataclass(slots=True)
class Memory:
    """The site's words about events, what keeps alerts quiet, and how far a review of all alerts has come."""

    book: EventBook
    mutes: Mutes
    policies: PolicyShelf = field(default_factory=PolicyShelf)
    reviewed: Signature | None = None
    """What kept alerts quiet when the last review began; None: none has begun."""
    review_from: int | None = None
    """The number of the alert after which the review goes on; None: none goes on."""
    groups: dict[tuple[str, ...], str] = field(default_factory=dict)
    """The keys of groups, by their routes and labels."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Of events that were judged lately, by the digest of all that they say. Only a hint: the alert's row decides."""

    def group_key(self, branch: Branch, labels: Labels) -> str:
        """What tells the group of these labels on this route from all others."""
        own = branch.group_labels(labels)
        place = (branch.key, *own, *own.values())
        if place not in self.groups:
            if len(self.groups) >= MOST_KNOWN:
                self.groups.clear()
            text = group_key(branch, labels).encode("utf-8", "surrogatepass")
            self.groups[place] = blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()
        return self.groups[place]

    def learn(self, digest: str, fingerprint: str) -> None:
        """An event with this digest is of the alert with this fingerprint."""
        if len(self.fingerprints) >= MOST_KNOWN:
            self.fingerprints.clear()
        self.fingerprints[digest] = fingerprint


def remember(session: Session, book: EventBook, now: datetime) -> Memory:
    """A fresh memory."""
    mutes = Mutes(session, book)
    mutes.at(session, now)
    return Memory(book, mutes)
