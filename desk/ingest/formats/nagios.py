"""A notification of Nagios or Naemon: its macros as JSON, as a notification command can send them.

The macros are an object under `macros`, or the whole body; the names are Nagios' own, with or without the `NAGIOS_`
of its environment. `kind` says host or service, or else the macro SERVICEDESC does. Nagios does not look at the
answer, so what is refused must be found in the log of the command.
"""

from collections.abc import Mapping

from desk.ingest.errors import BadInput, shown
from desk.ingest.members import instant_of_epoch, needed, only_texts, record, text, texts
from desk.ingest.reading import LIMITS, Limits, read_json
from desk.ingest.state_changes import StateChange, events_of
from models.rules.incoming import Incoming

_PREFIX = "NAGIOS_"
_KINDS = {"host": "HOST", "service": "SERVICE"}
_FACTS = {
    "state": "{kind}STATE",
    "last_state": "LAST{kind}STATE",
    "state_type": "{kind}STATETYPE",
    "attempt": "{kind}ATTEMPT",
    "performance_data": "{kind}PERFDATA",
    "problem_id": "{kind}PROBLEMID",
    "check_command": "{kind}CHECKCOMMAND",
    "host_state": "HOSTSTATE",
    "notification_number": "NOTIFICATIONNUMBER",
    "contact": "CONTACTNAME",
}


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event of a notification; two at the end of flapping. Raises BadInput."""
    found = record(read_json(body, headers, limits))
    wrapped = "macros" in found
    place = "/macros" if wrapped else ""
    kind = text(found, "kind").lower()
    if kind and kind not in _KINDS:
        raise BadInput(422, "/kind", f"is {shown(kind)}", "send host or service")
    sent = texts(found, "macros") if wrapped else only_texts(found)
    macros = {name.removeprefix(_PREFIX): value for name, value in sent.items()}
    try:
        change = _change(macros, _KINDS.get(kind) or ("SERVICE" if macros.get("SERVICEDESC") else "HOST"))
        return events_of(change, "/NOTIFICATIONTYPE", f"/{'SERVICE' if change.service else 'HOST'}STATE")
    except BadInput as error:
        raise error.under(place) from None


def _change(macros: Mapping[str, str], kind: str) -> StateChange:
    facts = {name: macros.get(macro.format(kind=kind), "") for name, macro in _FACTS.items()}
    more = macros.get(f"LONG{kind}OUTPUT", "").replace("\\n", "\n")
    address = macros.get("HOSTADDRESS")
    changed = f"LAST{kind}STATECHANGE"
    return StateChange(
        format="nagios",
        type=needed(macros, "NOTIFICATIONTYPE"),
        host=needed(macros, "HOSTNAME"),
        service=needed(macros, "SERVICEDESC") if kind == "SERVICE" else "",
        state=needed(macros, f"{kind}STATE"),
        output="\n".join(part for part in (macros.get(f"{kind}OUTPUT"), more) if part),
        said=_said(macros, kind),
        labels={"address": address} if address else {},
        facts={name: value for name, value in facts.items() if value},
        at=instant_of_epoch(macros.get(changed, ""), f"/{changed}"),
    )


def _said(macros: Mapping[str, str], kind: str) -> str:
    author = macros.get("NOTIFICATIONAUTHOR") or macros.get(f"{kind}ACKAUTHOR", "")
    comment = macros.get("NOTIFICATIONCOMMENT") or macros.get(f"{kind}ACKCOMMENT", "")
    return ": ".join(part for part in (author, comment) if part)
