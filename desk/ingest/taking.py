"""From a request to events: which module reads which format, and whether the sender's clock can be believed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from desk.ingest.errors import BadInput
from desk.ingest.formats import alertmanager, cloudevents, icinga2, monit, nagios, own, pagerduty
from desk.ingest.reading import LIMITS, Limits
from models.rules.incoming import Incoming, is_ahead

FORMATS: Mapping[str, Callable[[bytes, Mapping[str, str], Limits], list[Incoming]]] = {
    "watchbill": own.parse,
    "alertmanager": alertmanager.parse,
    "cloudevents": cloudevents.parse,
    "pagerduty": pagerduty.parse,
    "nagios": nagios.parse,
    "icinga2": icinga2.parse,
    "monit": monit.parse,
}
"""The formats whose events are all in the body and the headers; a ping is in the path: formats/ping.py."""


def take(form: str, body: bytes, headers: Mapping[str, str], now: datetime, limits: Limits = LIMITS) -> list[Incoming]:
    """The events of a request in one of FORMATS, all of them or none. Raises BadInput."""
    events = FORMATS[form](body, headers, limits)
    check_clock(events, now)
    return events


def check_clock(events: Iterable[Incoming], now: datetime) -> None:
    """Raises BadInput (422) for an event that lies more than a day ahead of us."""
    for number, event in enumerate(events, 1):
        if is_ahead(event, now):
            ahead = max(at for at in (event.started_at, event.ended_at) if at)
            problem = f"has as its event {number} one of {ahead:%Y-%m-%dT%H:%M:%SZ}, more than a day ahead of us"
            raise BadInput(422, "", problem, "check the sender's clock")
