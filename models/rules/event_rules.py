"""Event rules: what an event is, what becomes of it, and what is done about the alert that it makes.

The rules stand in an order, and each whose matchers hold applies to the event as the rules before it left it; a
later one overrides an earlier one, and one that says `stop` is the last. What no rule says, the defaults do.

| | without a rule |
|---|---|
| class | critical and high are exceptions, warning and low are warnings, info is informational |
| binding | the labels `service` and `host`, where the site knows what they name |
| incident | an exception opens one; a warning stays an alert |
| identity | the sender's key where it gives one; else its name and labels, as they came |

What fires is known again by its fingerprint. It is made of what the sender said and not of what rules made of it, so
that what fires can end although the rules have changed since.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from models.rules.event_binding import Bind, Bound, Inventory, bound, joined_binds
from models.rules.event_policies import AlertPolicy, IncidentPolicy, IncidentRule, incident_policy, joined
from models.rules.event_priorities import Scales, composite_levels
from models.rules.event_rule import Dropped, EventRule, PolicyRule
from models.rules.event_transforms import LookupTable, own_labels, seen_labels
from models.rules.fingerprints import fingerprint
from models.rules.incoming import Incoming
from models.rules.matchers import matching
from models.vocabulary import EventClass, EventStatus, Severity

BY_LABELS = Bind(service="{service}", host="{host}")
MOST_SEEN = 10_000
"""How many judgements are kept: some 2 KB each."""
CLASSES = {
    Severity.CRITICAL: EventClass.EXCEPTION,
    Severity.HIGH: EventClass.EXCEPTION,
    Severity.WARNING: EventClass.WARNING,
    Severity.LOW: EventClass.WARNING,
    Severity.INFO: EventClass.INFORMATIONAL,
}
_OF_WHAT_FIRES = frozenset((EventStatus.RESOLVED, EventStatus.ACKNOWLEDGED))
_SOURCE, _NAME, _KEY = "", "\t", "\n"
"""Words of ours in a fingerprint: no label has such a name."""
Said = TypeVar("Said")


@dataclass(frozen=True)
class EventRules:
    """All that is needed to judge an event."""

    rules: tuple[EventRule, ...] = ()
    defaults: PolicyRule = field(default_factory=PolicyRule)
    tables: Mapping[str, LookupTable] = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    scales: Scales = field(default_factory=Scales)

    @cached_property
    def seen(self) -> "dict[tuple[str, ...], Judged]":
        """What was judged lately, by all of an event that rules can ask for."""
        return {}

    @cached_property
    def policies(self) -> "dict[tuple[object, ...], AlertPolicy]":
        """The policies that were made, by all that they depend on: alerts share them, and few are ever made."""
        return {}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules make of an event."""

    event: Incoming
    """As the rules left it: its name, severity and labels."""
    event_class: EventClass
    ignored_by: str
    """The rule that says so; empty: it is kept. What has ended is never ignored: it may end something."""
    fingerprint: str
    """What the event is known again by, from one that fires to the one that ends it."""
    service: str | None
    host: str | None
    rules: tuple[str, ...]
    """The rules that applied, in order."""
    policy: AlertPolicy
    labels: Mapping[str, str]
    """What routes, inhibition, silences and texts ask for: the labels, and beside them name, source, sender, format,
    severity, class, service and host. Not the status: it is not the alert's."""
    notes: tuple[str, ...] = ()
    """What a person should know about it: a host that the site does not have."""

    @property
    def is_for_alerts(self) -> bool:
        """Whether it begins, changes or ends an alert. What has ended or is acknowledged does so whatever its class."""
        if self.ignored_by or self.event.status is EventStatus.INFORMATIONAL:
            return False
        return self.event_class is not EventClass.INFORMATIONAL or self.event.status in _OF_WHAT_FIRES


def judge(rules: EventRules, event: Incoming, source: str) -> Judged:
    """What the rules make of an event that this source (by its name in events.yaml) let in."""
    words = (source, event.source, event.format, event.severity, event.status, event.name, event.key)
    key = (*words, *event.labels, *event.labels.values())
    known = rules.seen.get(key)
    if known is None:
        known = _judged(rules, event, source)
        if len(rules.seen) >= MOST_SEEN:
            rules.seen.clear()
        rules.seen[key] = _of_event(known, _bare(known.event))
        return known
    said = known.event
    return _of_event(known, _changed(event, said.name, said.severity, said.labels))


def _of_event(judged: Judged, event: Incoming) -> Judged:
    """The same judgement of another event. Named one by one: `replace` takes four times as long."""
    return Judged(
        event,
        judged.event_class,
        judged.ignored_by,
        judged.fingerprint,
        judged.service,
        judged.host,
        judged.rules,
        judged.policy,
        judged.labels,
        judged.notes,
    )


def _changed(event: Incoming, name: str, severity: Severity, labels: Mapping[str, str]) -> Incoming:
    """The event with these words; most are as they came."""
    if labels == event.labels and name == event.name and severity is event.severity:
        return event
    return event._replace(name=name, severity=severity, labels=labels)


def _bare(event: Incoming) -> Incoming:
    """What a judgement needs of its event; texts and facts would be kept for nothing."""
    return Incoming(event.format, event.name, event.status, event.severity, labels=event.labels)


def _judged(rules: EventRules, event: Incoming, source: str) -> Judged:
    labels = seen_labels(event, source)
    applied, found = _applied(rules, labels)
    judged = _changed(event, labels["name"], Severity(labels["severity"]), own_labels(labels, event))
    event_class = _class_of(judged, applied)
    shown = {**labels, **found.labels, "class": event_class.value}
    del shown["status"]
    return Judged(
        event=judged,
        event_class=event_class,
        ignored_by=_ignored_by(event, applied),
        fingerprint=_fingerprint(event, source, applied),
        service=found.service,
        host=found.host,
        rules=tuple(rule.name for rule in applied),
        policy=_known_policy(rules, applied, event_class, judged.severity, found.service),
        labels=shown,
        notes=found.notes,
    )


def _applied(rules: EventRules, labels: dict[str, str]) -> tuple[tuple[EventRule, ...], Bound]:
    """The rules that apply, in order, and what the event is about; each changes the labels before the next is asked."""
    applied: list[EventRule] = []
    bind = joined_binds(BY_LABELS, rules.defaults.bind)
    found = bound(bind, labels, rules.inventory)
    seen = {**labels, **found.labels}
    for rule in rules.rules:
        if not matching(rule.parsed, seen):
            continue
        applied.append(rule)
        if rule.changes_events:
            for enrich in rule.enrich:
                enrich.change(labels, rules.tables)
            if rule.transform is not None:
                rule.transform.change(labels)
            bind = joined_binds(bind, rule.bind)
            found = bound(bind, labels, rules.inventory)
            seen = {**labels, **found.labels}
        if rule.stop:
            break
    return tuple(applied), found


def _class_of(event: Incoming, applied: tuple[EventRule, ...]) -> EventClass:
    if event.status is EventStatus.INFORMATIONAL:
        return EventClass.INFORMATIONAL
    return _last(rule.event_class for rule in applied) or CLASSES[event.severity]


def _ignored_by(event: Incoming, applied: tuple[EventRule, ...]) -> str:
    if event.status is EventStatus.RESOLVED:
        return ""
    return next((rule.name for rule in applied if rule.ignore), "")


def _fingerprint(event: Incoming, source: str, applied: tuple[EventRule, ...]) -> str:
    said = _last(rule.fingerprint for rule in applied)
    sender = event.source or source
    if event.key and said is None:
        return fingerprint({_SOURCE: sender, _KEY: event.key})
    ignored = frozenset(said.ignore if said else ())
    name = "" if "name" in ignored else event.name
    return fingerprint({**event.labels, _SOURCE: sender, _NAME: name}, ignored)


def _known_policy(
    rules: EventRules, applied: tuple[EventRule, ...], event_class: EventClass, severity: Severity, service: str | None
) -> AlertPolicy:
    key = (*map(id, applied), event_class, severity, service)
    known = rules.policies.get(key)
    if known is None:
        known = _policy(rules, applied, event_class, severity, service)
        if len(rules.policies) >= MOST_SEEN:
            rules.policies.clear()
        rules.policies[key] = known
    return known


def _policy(
    rules: EventRules, applied: tuple[EventRule, ...], event_class: EventClass, severity: Severity, service: str | None
) -> AlertPolicy:
    saying: tuple[PolicyRule, ...] = (rules.defaults, *applied)
    return AlertPolicy(
        threshold=_last_but(Dropped.THRESHOLD, ((one, one.threshold) for one in saying)),
        delay=_last(one.delay for one in saying) or None,
        flapping=_last_but(Dropped.FLAPPING, ((one, one.flapping) for one in saying)),
        auto_resolve_after=_last(one.auto_resolve_after for one in saying) or None,
        acknowledge_for=_last(one.acknowledge_for for one in saying) or None,
        corrective=_last(one.corrective for one in saying) or (),
        incident=_incident(rules, applied, event_class, severity, service),
    )


def _incident(
    rules: EventRules, applied: tuple[EventRule, ...], event_class: EventClass, severity: Severity, service: str | None
) -> IncidentPolicy | None:
    said = [rule.incident for rule in applied if rule.incident is not None]
    if event_class is EventClass.INFORMATIONAL or (event_class is not EventClass.EXCEPTION and not said):
        return None
    tier = None if service is None else rules.inventory.services[service]
    levels = composite_levels(rules.scales, tier, event_class, severity)
    return incident_policy(joined([rules.defaults.incident or IncidentRule(), *said]), levels)


def _last_but(dropped: Dropped, said: Iterable[tuple[PolicyRule, Said | None]]) -> Said | None:
    """The last thing that was said since a rule dropped what was said before it."""
    found = None
    for rule, one in said:
        before = None if dropped in rule.without else found
        found = before if one is None else one
    return found


def _last(said: Iterable[Said | None]) -> Said | None:
    """The last thing that was said; a later rule overrides an earlier one."""
    found = None
    for one in said:
        found = found if one is None else one
    return found
