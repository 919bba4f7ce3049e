"""What a program says that Monit runs (`exec`): Monit's variables, as JSON or as an HTML form (`curl -d`).

The names are Monit's (MONIT_SERVICE), or those without the prefix in small letters; `svc` is the service too. A body
with a service and no event says that its test failed, for that is when Monit runs the program. Monit's date has no
time zone, and is not read.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from desk.ingest.errors import BadInput, pointer
from desk.ingest.members import kept, only_texts, record
from desk.ingest.reading import LIMITS, Limits, check_body, check_text, read_json
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, Severity

_MOST_FIELDS = 100
_WHOLE = {
    "does not exist": ("existence", EventStatus.FIRING),
    "exists": ("existence", EventStatus.RESOLVED),
    "link down": ("link", EventStatus.FIRING),
    "link up": ("link", EventStatus.RESOLVED),
    "invalid type": ("type", EventStatus.FIRING),
}
_ENDINGS = {
    " failed": EventStatus.FIRING,
    " exceeded": EventStatus.FIRING,
    " matched": EventStatus.FIRING,
    " error": EventStatus.FIRING,
    " succeeded": EventStatus.RESOLVED,
    " ok": EventStatus.RESOLVED,
    " recovery": EventStatus.RESOLVED,
    " not changed": EventStatus.INFORMATIONAL,
    " changed": EventStatus.INFORMATIONAL,
    " done": EventStatus.INFORMATIONAL,
}
_FACTS = ("event", "action", "process_pid", "program_status")


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event that the program tells of. Raises BadInput."""
    check_body(body, headers, limits)
    is_json = body.lstrip().startswith(b"{")
    sent = only_texts(record(read_json(body, headers, limits))) if is_json else _form(body)
    found = {name.lower().removeprefix("monit_"): value for name, value in sent.items()}
    service, host = found.get("service") or found.get("svc", ""), found.get("host", "")
    if not service.strip():
        raise BadInput(422, "/MONIT_SERVICE", "is missing or empty", "send the variables that Monit gives the program")
    subject, status = _meaning(found.get("event", ""))
    event = Incoming(
        format="monit",
        name=f"{service}: {subject}" if subject else service,
        status=status,
        severity=Severity.WARNING if status is EventStatus.FIRING else Severity.INFO,
        source=host,
        key=";".join((service, subject)),
        text=found.get("description") or found.get("event", ""),
        labels={name: value for name, value in (("host", host), ("service", service)) if value},
        facts={name: found[name] for name in _FACTS if found.get(name)},
    )
    return [kept(event, {})]


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError:
        raise BadInput(400, "", "is neither JSON nor a form in UTF-8", "send it with curl --data-urlencode") from None
    except ValueError:
        raise BadInput(413, "", f"has more than {_MOST_FIELDS} fields", "send Monit's variables only") from None
    return {name: check_text(value, pointer(name)) for name, value in pairs}


def _meaning(event: str) -> tuple[str, EventStatus]:
    """What Monit tested, and how it ended; both words of a pair (failed, succeeded) mean one thing tested."""
    said = event.strip().lower()
    if said in _WHOLE:
        return _WHOLE[said]
    for ending, status in _ENDINGS.items():
        if said.endswith(ending):
            return said.removesuffix(ending), status
    return said, EventStatus.FIRING
