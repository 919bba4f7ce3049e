"""Alertmanager's webhook, version 4: a group of alerts, each with a status of its own.

The status of the group says nothing of an alert: it is `resolved` when all that is sent is, and with
`max_alerts` set not all is sent (`truncatedAlerts` says how many are not). An alert that is left out keeps the state
that it had. Alertmanager repeats after 429 and 5xx, and drops the notification after any other answer: so nothing
is refused here that can be taken, and the next notification of the group brings what was missed.

Two Alertmanagers of one cluster are one source when they have the same `--web.external-url`.
"""

from collections.abc import Mapping
from typing import Any

from desk.ingest.errors import BadInput, shown
from desk.ingest.members import each, instant, kept, needed, record, text, texts, word
from desk.ingest.reading import LIMITS, Limits, read_json
from desk.ingest.severities import severity_of
from models.rules.incoming import Incoming, Link
from models.vocabulary import EventStatus

_STATUSES = {"firing": EventStatus.FIRING, "resolved": EventStatus.RESOLVED}
_NEVER = "0001-01-01T00:00:00Z"
"""The zero time of Go: it has not ended."""
_SAID_AS_TEXT = ("summary", "description", "message")
_SAID_ELSEWHERE = frozenset((*_SAID_AS_TEXT, "runbook_url"))
_PLACES = {"labels": "/labels", "name": "/labels/alertname"}


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The alerts of one notification, in their order. Raises BadInput."""
    group = record(read_json(body, headers, limits))
    if (version := needed(group, "version")) != "4":
        raise BadInput(422, "/version", f"is {shown(version)}", "send version 4 of the webhook, as Alertmanager does")
    alerts = group.get("alerts")
    if type(alerts) is not list:
        raise BadInput(422, "/alerts", f"is {shown(alerts)}", "send an array of alerts")
    source = text(group, "externalURL")
    common = _common(group)
    return each(alerts, "/alerts", limits.events, lambda alert: _event(alert, source, common))


def _common(group: Mapping[str, Any]) -> dict[str, object]:
    """What each alert of the group keeps of it."""
    facts: dict[str, object] = {"receiver": text(group, "receiver"), "group": text(group, "groupKey")}
    if truncated := group.get("truncatedAlerts"):
        facts["truncated_alerts"] = truncated
    return {name: value for name, value in facts.items() if value}


def _event(value: object, source: str, common: dict[str, object]) -> Incoming:
    alert = record(value)
    labels, notes = texts(alert, "labels"), texts(alert, "annotations")
    if not labels:
        raise BadInput(422, "/labels", "has no label", "send the labels that tell this alert from others")
    status = word(needed(alert, "status"), _STATUSES, "/status")
    ended = status is EventStatus.RESOLVED and alert.get("endsAt") != _NEVER
    rest = {name: note for name, note in notes.items() if name not in _SAID_ELSEWHERE}
    event = Incoming(
        format="alertmanager",
        name=labels.get("alertname") or "alert",
        status=status,
        severity=severity_of(labels.get("severity", "")),
        source=source,
        key=text(alert, "fingerprint"),
        text="\n".join([notes[name] for name in _SAID_AS_TEXT if notes.get(name)]),
        labels=labels,
        facts={**common, "annotations": rest} if rest else common,
        links=_links(text(alert, "generatorURL"), notes.get("runbook_url", "")),
        started_at=None if alert.get("startsAt") == _NEVER else instant(alert, "startsAt"),
        ended_at=instant(alert, "endsAt") if ended else None,
    )
    return kept(event, _PLACES)


def _links(generator: str, runbook: str) -> tuple[Link, ...]:
    links = (Link("source", generator),) if generator else ()
    return (*links, Link("runbook", runbook)) if runbook else links
