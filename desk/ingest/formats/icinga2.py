"""A notification of Icinga 2: the variables of its notification commands as one JSON object.

Its scripts name them as Nagios did (SERVICESTATE) or shorter (STATE); both are read.
"""

from collections.abc import Mapping

from desk.ingest.members import instant_of, needed, only_texts, record
from desk.ingest.reading import LIMITS, Limits, read_json
from desk.ingest.state_changes import StateChange, events_of
from models.rules.incoming import Incoming

_FACTS = {"state": "STATE", "state_type": "STATETYPE", "attempt": "ATTEMPT"}


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event of a notification; two at the end of flapping. Raises BadInput."""
    found = only_texts(record(read_json(body, headers, limits)))
    service = _first(found, "SERVICENAME", "SERVICEDESC")
    kind = "SERVICE" if service else "HOST"
    state_name = "STATE" if "STATE" in found else f"{kind}STATE"
    said = (_first(found, "AUTHOR", "NOTIFICATIONAUTHORNAME"), _first(found, "COMMENT", "NOTIFICATIONCOMMENT"))
    address = _first(found, "HOSTADDRESS")
    facts = {name: _first(found, macro, f"{kind}{macro}") for name, macro in _FACTS.items()}
    change = StateChange(
        format="icinga2",
        type=needed(found, "NOTIFICATIONTYPE"),
        host=needed(found, "HOSTNAME"),
        service=service,
        state=needed(found, state_name),
        output=_first(found, "OUTPUT", f"{kind}OUTPUT"),
        said=": ".join(part for part in said if part),
        labels={"address": address} if address else {},
        facts={name: value for name, value in facts.items() if value},
        at=instant_of(_joined(when), "/LONGDATETIME") if (when := found.get("LONGDATETIME")) else None,
    )
    return events_of(change, "/NOTIFICATIONTYPE", f"/{state_name}")


def _first(found: Mapping[str, str], *names: str) -> str:
    return next((found[name] for name in names if found.get(name)), "")


def _joined(when: str) -> str:
    """`2026-11-21 21:07:37 +0000` without the blank before the offset, which no standard has."""
    day, _, time = when.strip().partition(" ")
    return f"{day} {time.replace(' ', '')}"
