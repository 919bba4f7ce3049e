"""Plain URLs by which a job says that it lives, for dead man's switches: a shell and curl are enough.

    /ping/nightly-dump          it is done, and all is well
    /ping/nightly-dump/start    it begins
    /ping/nightly-dump/fail     it is done, and something is wrong
    /ping/nightly-dump/7        its exit code: 0 is success, 1 to 255 are failures
    /ping/nightly-dump/log      something to keep, which changes nothing

What is in the body is kept as text: the job's last words.
"""

import re
from collections.abc import Mapping

from desk.ingest.errors import BadInput, shown
from desk.ingest.members import kept
from desk.ingest.reading import LIMITS, Limits, check_body
from models.rules.events import LONGEST_TEXT
from models.rules.incoming import MARK, Incoming
from models.vocabulary import EventStatus, Severity

_CHECK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_CODE = re.compile(r"[0-9]{1,3}", re.ASCII)
_SIGNALS = {
    "": (EventStatus.RESOLVED, Severity.INFO),
    "start": (EventStatus.INFORMATIONAL, Severity.INFO),
    "log": (EventStatus.INFORMATIONAL, Severity.INFO),
    "fail": (EventStatus.FIRING, Severity.HIGH),
}


def parse(path: str, body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """What a ping says; the path is what follows `/ping/`, percent-decoded. Raises BadInput, 422 for another path."""
    check_body(body, headers, limits)
    check, _, signal = path.strip("/").partition("/")
    if not _CHECK.fullmatch(check):
        raise BadInput(422, "path", f"names the check {shown(check)}", "use letters, digits and . _ - (at most 128)")
    facts: dict[str, object] = {"signal": signal or "success"}
    if _CODE.fullmatch(signal) and int(signal) <= 255:
        facts = {"signal": "success" if int(signal) == 0 else "fail", "exit_code": int(signal)}
        signal = "" if int(signal) == 0 else "fail"
    if signal not in _SIGNALS:
        raise BadInput(
            422, "path", f"ends in {shown(signal)}", "use start, fail, log, an exit code up to 255, or nothing"
        )
    status, severity = _SIGNALS[signal]
    event = Incoming(
        format="ping",
        name=check,
        status=status,
        severity=severity,
        key=check,
        text=_last_words(body),
        labels={"check": check},
        facts=facts,
    )
    return [kept(event, {})]


def _last_words(body: bytes) -> str:
    """The end of the body: that is where a job says what went wrong."""
    said = body.decode(errors="replace").replace("\0", MARK).strip()
    if len(said) <= LONGEST_TEXT:
        return said
    mark = f"(cut: it had {len(said)} characters) {MARK}"
    return mark + said[len(mark) - LONGEST_TEXT :]
