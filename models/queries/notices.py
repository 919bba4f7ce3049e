"""Who is told what: notices leave through the outbox, in the transaction of the change they tell of.

Jobs tell by their own `notify`. Incidents tell the receivers of their team, and whom they concern; alerts tell the
receiver of their route. What is told to whom and what became of it stands in the table `notice`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import notice_box, register
from models.queries.notice_box import DEPLOYMENT, Around, Draft
from models.queries.notice_recipients import NO_DOMAIN, Directory, Recipient
from models.records import AlertGroup, Incident, MajorIncident, MajorUpdate, Notice, Person, Run, Service, Survey, Team
from models.rules.notice_facts import AlertGroupFacts, IncidentFacts, SilenceFacts, SourceFacts, TestFacts
from models.rules.notices import CONCERNED, FOR_NAMED, INCIDENT_TAGS, Concerned
from models.rules.priorities import MAJOR
from models.vocabulary import NoticeTag, Outcome

__all__ = [
    "DEPLOYMENT", "Also", "about_alert_group", "about_incident", "about_job", "about_run", "about_silence",
    "about_source", "as_json", "title_of", "trial",
]  # fmt: skip

TAGS = {
    "started": "run-started",
    "ok": "run-succeeded",
    "retrying": "run-retrying",
    "missed": "run-missed",
    "late": "run-late",
    "too long": "run-too-long",
    "cleared": "alarm-cleared",
}
"""The notice of each event of a job; everything else is told as a failure."""
BAD_ENDS = {
    Outcome.FAILED,
    Outcome.PARTIAL,
    Outcome.TIMED_OUT,
    Outcome.KILLED,
    Outcome.KILL_UNCONFIRMED,
    Outcome.UNKNOWN,
}
"""What `failed` stands for in a job's wishes."""
OF_JOBS = Around("jobs", NO_DOMAIN)
"""A job tells by Apprise alone, at any hour."""


@dataclass(frozen=True)
class Also:
    """What else decides who is told of an incident's news."""

    key: str | None = None
    """Tells this news from others of the same event, so that it is told once; default: the time."""
    by: str | None = None
    """The person who did it, who need not be told."""
    to: tuple[str, ...] = ()
    """Those who are named for it: `team/shop`, `person/ann`, `receiver/shop-desk`."""
    is_public: bool = False
    """The caller may read the text."""
    audience: str | None = None
    """Of an update: for whom it was written, None for everybody; of one that is due: who waits for it."""


NOTHING_ELSE = Also()


def about_run(session: Session, run: Run, event: str, text: str, now: datetime) -> None:
    """Tell those who asked to hear of this event of the job."""
    spec = register.any_version(session, "job", run.job)
    facts = {"job": run.job, "run": run.number, "attempt": run.attempt, "event": event, "text": text}
    _of_job(session, spec, f"run/{run.id}/{run.attempt}/{event}", f"run/{run.id}", facts, now)


def about_job(session: Session, job: str, event: str, text: str, now: datetime) -> None:
    """Tell those who asked to hear of something about a job that is no run: late, missed, too long ago."""
    spec = register.any_version(session, "job", job)
    facts = {"job": job, "run": None, "attempt": None, "event": event, "text": text}
    _of_job(session, spec, f"job/{job}/{event}/{now:%Y%m%dT%H%M%S}", f"job/{job}", facts, now)


def _of_job(
    session: Session, spec: dict[str, Any], key: str, subject: str, facts: dict[str, Any], now: datetime
) -> None:
    event = facts["event"]
    wanted = [
        Recipient(wish["to"])
        for wish in spec.get("notify") or []
        if event in wish["on"] or (event in BAD_ENDS and "failed" in wish["on"])
    ]
    if wanted:
        about = {name: spec.get(name) for name in ("title", "owner", "runbook")}
        facts = {**facts, **about, "at": now.isoformat()}
        title = f"{facts['job']} {event}"
        notice_box.put(session, Draft(key, TAGS.get(event, "run-failed"), subject, title, facts), wanted, OF_JOBS, now)


def about_incident(
    session: Session, incident: Incident, event: str, text: str, now: datetime, also: Also = NOTHING_ELSE
) -> list[Notice]:
    """Tell of an incident's event (a key of INCIDENT_TAGS): each address once, and what quiet hours hold, later.

    Raises KeyError for an event that there is no notice of.
    """
    tag = INCIDENT_TAGS[event]
    directory = Directory(session)
    recipients = [*_receivers(directory, incident, tag, also), *_concerned(session, directory, incident, tag, also)]
    if not recipients:
        return []
    facts = _incident_facts(session, incident, event, text, now, also)
    draft = Draft(
        key=f"incident/{incident.id}/{event}/{also.key or now.isoformat()}",
        tag=tag,
        subject=f"incident/{incident.id}",
        title=f"{incident.number} {event}: {incident.title}",
        facts=as_json(facts),
        priority=incident.priority,
        audience=also.audience if tag is NoticeTag.MAJOR_UPDATE else None,
    )
    return notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), now)


def _receivers(directory: Directory, incident: Incident, tag: NoticeTag, also: Also) -> list[Recipient]:
    named = directory.named(also.to)
    if named and tag in FOR_NAMED:
        return named
    others = directory.other_audiences() if incident.priority == MAJOR else []
    return [*named, *directory.of_team(incident.team), *others]


def _concerned(
    session: Session, directory: Directory, incident: Incident, tag: NoticeTag, also: Also
) -> list[Recipient]:
    """Those whom it concerns, but for who did it; a caller who closed it is asked how content they are all the same."""
    knows = also.by
    if tag is NoticeTag.INCIDENT_CLOSED and knows == incident.caller and _survey(session, incident):
        knows = None
    who = CONCERNED.get(tag, frozenset()) | ({Concerned.CALLER} if also.is_public else set())
    people = {Concerned.OWNER: incident.owner, Concerned.CALLER: incident.caller}
    return [
        recipient
        for part, person in people.items()
        if part in who and person != knows
        for recipient in directory.person(person, part)
    ]


def _incident_facts(
    session: Session, incident: Incident, event: str, text: str, now: datetime, also: Also
) -> IncidentFacts:
    major = session.get(MajorIncident, incident.id) if incident.priority == MAJOR else None
    next_update = select(MajorUpdate.due_at).where(MajorUpdate.incident_id == incident.id)
    if also.audience is not None:
        next_update = next_update.where(MajorUpdate.audience == also.audience)
    return IncidentFacts(
        number=incident.number,
        title=incident.title,
        event=event,
        text=text,
        at=now,
        opened_at=incident.opened_at,
        state=incident.state.value,
        priority=incident.priority,
        is_major=major is not None,
        impact=incident.impact,
        urgency=incident.urgency,
        service=title_of(session, Service, incident.service),
        host=incident.host,
        team=title_of(session, Team, incident.team),
        owner=title_of(session, Person, incident.owner),
        caller=title_of(session, Person, incident.caller),
        by=title_of(session, Person, also.by),
        audience=also.audience,
        resolution=incident.resolution,
        next_update_at=session.scalar(next_update.order_by(MajorUpdate.due_at).limit(1)) if major else None,
        commander=title_of(session, Person, major.commander) if major else None,
        survey=_survey(session, incident),
        is_drill=incident.is_drill,
    )


def _survey(session: Session, incident: Incident) -> str | None:
    """The code of the question that its caller has not answered yet."""
    return session.scalar(select(Survey.token).where(Survey.ticket_id == incident.id, Survey.answered_at.is_(None)))


def about_alert_group(
    session: Session, group: AlertGroup, facts: AlertGroupFacts, severity: str, team: str | None, now: datetime
) -> list[Notice]:
    """Tell the receiver of the group's route what fires and what has resolved; `severity` is that of the worst.

    A route that names nobody leaves it to the `team` that owns the service.
    """
    directory = Directory(session)
    title = f"{facts.firing} firing, {facts.resolved} resolved: {facts.title}"
    key = f"alert_group/{group.id}/{now.isoformat()}"
    draft = Draft(key, NoticeTag.ALERT_GROUP, f"alert_group/{group.id}", title, as_json(facts), severity)
    route = str(group.timing.get("receiver") or "")
    return _put(session, directory, draft, directory.of_route(route) if route else directory.of_team(team), now)


def about_silence(session: Session, silence_id: int, facts: SilenceFacts, author: str, now: datetime) -> list[Notice]:
    """Remind the author of a silence that it ends soon."""
    directory = Directory(session)
    key = f"silence/{silence_id}/ending/{facts.ends_at.isoformat()}"
    draft = Draft(key, NoticeTag.SILENCE_ENDING, f"silence/{silence_id}", f"{facts.number} ends", as_json(facts))
    return _put(session, directory, draft, directory.person(author) or directory.of_team(None), now)


def about_source(session: Session, source: str, facts: SourceFacts, team: str | None, now: datetime) -> list[Notice]:
    """Tell the team of a source of events that it has fallen silent; once for each silence."""
    directory = Directory(session)
    key = f"source/{source}/silent/{facts.last_at.isoformat() if facts.last_at else 'never heard'}"
    draft = Draft(key, NoticeTag.SOURCE_SILENT, f"source/{source}", facts.title, as_json(facts))
    return _put(session, directory, draft, directory.of_team(team), now)


def trial(session: Session, receiver: str, person: str, now: datetime) -> list[Notice]:
    """Send a trial to each address of a receiver, whatever it wishes; none when the site has no such receiver."""
    directory = Directory(session)
    facts = TestFacts(title=f"Trial of {receiver}", receiver=receiver, by=person, at=now)
    draft = Draft(
        f"test/{receiver}/{now.isoformat()}", NoticeTag.TEST, f"receiver/{receiver}", facts.title, as_json(facts)
    )
    everywhere = [Recipient(one.to, one.receiver) for one in directory.receiver(receiver)]
    return _put(session, directory, draft, everywhere, now)


def _put(
    session: Session, directory: Directory, draft: Draft, recipients: Iterable[Recipient], now: datetime
) -> list[Notice]:
    found = list(recipients)
    return notice_box.put(session, draft, found, notice_box.around(session, directory, found), now)


def title_of(session: Session, table: type[Service] | type[Team] | type[Person], name: str | None) -> str | None:
    """What people call it; the name itself when the register does not know it."""
    if name is None:
        return None
    return session.scalar(select(table.title).where(table.name == name)) or name


def as_json(facts: Any) -> dict[str, Any]:
    """The facts of a notice as its row keeps them."""
    return {name: _plain(value) for name, value in asdict(facts).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
