"""Policies are written down once: thousands of alerts share one, and keep it when the rules change."""

from hashlib import blake2b

from pydantic import TypeAdapter
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.records import AlertPolicyRow
from models.rules.event_policies import AlertPolicy

_ADAPTER = TypeAdapter(AlertPolicy)
_DIGEST_BYTES = 16
_MOST_KNOWN = 10_000


class PolicyShelf:
    """The policies that were met, by number and back. What a transaction that failed has put here must be forgotten."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[AlertPolicy, int]] = {}
        self._policies: dict[int, AlertPolicy] = {}

    def number_of(self, session: Session, policy: AlertPolicy) -> int:
        """The number of a policy, which is written down when it is new."""
        # By identity: judgements share their policies, and to compare two would take longer than all the rest.
        known = self._numbers.get(id(policy))
        if known is not None:
            return known[1]
        number = _stored(session, policy)
        if len(self._numbers) >= _MOST_KNOWN:
            self._numbers.clear()
        self._numbers[id(policy)] = (policy, number)
        return number

    def policy(self, session: Session, number: int) -> AlertPolicy:
        """The policy of a number."""
        if number not in self._policies:
            if len(self._policies) >= _MOST_KNOWN:
                self._policies.clear()
            spec = session.scalars(select(AlertPolicyRow.spec).where(AlertPolicyRow.id == number)).one()
            self._policies[number] = _ADAPTER.validate_python(spec)
        return self._policies[number]


def _stored(session: Session, policy: AlertPolicy) -> int:
    digest = blake2b(_ADAPTER.dump_json(policy), digest_size=_DIGEST_BYTES).hexdigest()
    known = session.scalar(select(AlertPolicyRow.id).where(AlertPolicyRow.digest == digest))
    if known is not None:
        return known
    row = {"digest": digest, "spec": _ADAPTER.dump_python(policy, mode="json")}
    return session.scalars(insert(AlertPolicyRow).returning(AlertPolicyRow.id), row).one()
