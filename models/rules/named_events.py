"""Which incoming events a job may wait for: our own that say no more than that something happened.

`{"name": "load-done"}` over the web releases the same slot as `watchbill event send load-done`.
"""

import orjson

from models.rules.events import NewEvent, event_problems
from models.rules.incoming import Incoming
from models.vocabulary import EventFormat, EventStatus


def named_event(event: Incoming) -> NewEvent | None:
    """What is to be received for the jobs that wait for events; None: no job can wait for one like this."""
    if event.format != EventFormat.WATCHBILL or event.status is not EventStatus.INFORMATIONAL:
        return None
    named = NewEvent(
        name=event.name,
        source=event.source or None,
        text=event.text or None,
        facts={name: _plain(value) for name, value in event.facts.items()},
        key=event.key or None,
    )
    return None if any(event_problems(named)) else named


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
