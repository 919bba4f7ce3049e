"""Who is told what: notices leave through the outbox, in the transaction of the change they tell of."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.orders.send_notice import SendNotice
from models.queries import outbox, register
from models.queries.outbox import Wanted
from models.records import Run
from models.vocabulary import Outcome

DEPLOYMENT = "send-notice"
TAGS = {
    "started": "run-started",
    "ok": "run-succeeded",
    "retrying": "run-retrying",
    "missed": "run-missed",
    "late": "run-late",
    "too long": "run-too-long",
    "cleared": "alarm-cleared",
}
"""The notice of each event; everything else is told as a failure."""
BAD_ENDS = {
    Outcome.FAILED,
    Outcome.PARTIAL,
    Outcome.TIMED_OUT,
    Outcome.KILLED,
    Outcome.KILL_UNCONFIRMED,
    Outcome.UNKNOWN,
}
"""What `failed` stands for in a job's wishes."""


def about_run(session: Session, run: Run, event: str, text: str, now: datetime) -> None:
    """Tell those who asked to hear of this event of the job."""
    spec = register.any_version(session, "job", run.job)
    facts = {"run": run.number, "attempt": run.attempt, "event": event, "text": text}
    _tell(session, spec, f"run/{run.id}/{run.attempt}/{event}", event, {"job": run.job, **facts}, now)


def about_job(session: Session, job: str, event: str, text: str, now: datetime) -> None:
    """Tell those who asked to hear of something about a job that is no run: late, missed, too long ago."""
    spec = register.any_version(session, "job", job)
    facts = {"job": job, "run": None, "attempt": None, "event": event, "text": text}
    _tell(session, spec, f"job/{job}/{event}/{now:%Y%m%dT%H%M%S}", event, facts, now)


def _tell(session: Session, spec: dict[str, Any], key: str, event: str, facts: dict[str, Any], now: datetime) -> None:
    facts = {**facts, "title": spec.get("title"), "owner": spec.get("owner"), "runbook": spec.get("runbook")}
    tag = TAGS.get(event, "run-failed")
    for number, wish in enumerate(spec.get("notify") or []):
        if event in wish["on"] or (event in BAD_ENDS and "failed" in wish["on"]):
            order = SendNotice(tag=tag, to=wish["to"], facts={**facts, "at": now.isoformat()})
            parameters = {"order": order.model_dump(mode="json")}
            outbox.put(session, Wanted(f"{key}/notice/{number}", "run", parameters, DEPLOYMENT), now)
