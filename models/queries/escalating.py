"""Escalation: the steps of the chains that are due for an incident, done once, and told in one message."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import incidents, journal, notices
from models.queries.incident_book import IncidentBook
from models.queries.notices import Also
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Incident
from models.rules.clock_course import Course
from models.rules.escalation import Chain, Step, StepDue, pending
from models.rules.late_words import late_words
from models.rules.rota import Rota, on_call
from models.site.incidents import Audience, Escalation, EscalationStep, Role

ACTOR = "escalation"


@dataclass(frozen=True)
class Escalated:
    """What was done, and when the next step is due."""

    next_at: datetime | None
    is_handed_over: bool


@dataclass(frozen=True)
class _Due:
    """What of one chain is due."""

    chain: Escalation
    steps: list[StepDue]

    @property
    def reached(self) -> list[EscalationStep]:
        """The steps that are due, each once, in order."""
        return [self.chain.steps[number - 1] for number in dict.fromkeys(step.step for step in self.steps)]

    def key(self, incident: Incident) -> str:
        """What tells it from all other times."""
        return f"incident/{incident.id}/escalate/{self.chain.name}/{self.steps[-1].key}"


def escalate(
    session: Session,
    incident: Incident,
    book: IncidentBook,
    known: tuple[Course, Mapping[str, Collection[str]]],
    now: datetime,
) -> Escalated:
    """Do every step that is due and was not done; `known` is the incident's course, and what was done by chain.

    Of a chain that was missed for a while, everybody of the missed steps is told once, of the last one.
    """
    course, done = known
    waiting: list[datetime] = []
    due: list[_Due] = []
    for chain in book.chains_for(book.subject(incident)):
        steps = pending(_chain(book, chain), course, now, done.get(chain.name, ()))
        overdue = [step for step in steps if step.at <= now]
        waiting += [step.at for step in steps[len(overdue) :][:1]]
        if overdue:
            due.append(_Due(chain, overdue))
    for one in due:
        _note(session, incident, one, now)
    if due:
        _tell(session, incident, book, due, now)
    return Escalated(min(waiting, default=None), _hand_over(session, incident, due, now))


def _chain(book: IncidentBook, chain: Escalation) -> Chain:
    steps = tuple(
        Step(step.after, step.repeat.every if step.repeat else None, step.repeat.at_most if step.repeat else 0)
        for step in chain.steps
    )
    return Chain(book.calendar(chain.calendar), chain.until.measure, chain.agreement, steps)


def _note(session: Session, incident: Incident, due: _Due, now: datetime) -> None:
    facts = {
        "chain": due.chain.name,
        "step": due.steps[-1].step,
        "again": due.steps[-1].again,
        "covered": [step.key for step in due.steps],
    }
    state = incident.state.value
    fact = journal.Fact(
        tag="incidents:incident:escalate",
        subject=subject_of(incident),
        actor=ACTOR,
        source=state,
        target=state,
        reason=_words(due),
        facts=facts,
        key=due.key(incident),
        at=now,
    )
    journal.append(session, fact)
    incident.escalation += 1


def _words(due: _Due) -> str:
    step = due.steps[-1]
    again = f", time {step.again + 1}" if step.again else ""
    return f"{due.chain.title}: step {step.step} of {len(due.chain.steps)}{again}"


def _tell(session: Session, incident: Incident, book: IncidentBook, due: list[_Due], now: datetime) -> None:
    """One message to all who are named in what is due."""
    told = [
        name
        for one in due
        for step in one.reached
        for audience in step.tell
        for name in _names(book, incident, audience, now)
    ]
    if told:
        text = "; ".join(map(_words, due)) + late_words(incident.look_at, now)
        also = Also(key=due[0].key(incident), to=tuple(dict.fromkeys(told)))
        notices.about_incident(session, incident, "escalated", text, now, also)


def _hand_over(session: Session, incident: Incident, due: list[_Due], now: datetime) -> bool:
    """Give it to the team of the last step that names one, unless that team has it."""
    teams = [(step.assign, one) for one in due for step in one.reached if step.assign is not None]
    if not teams or teams[-1][0] == incident.team:
        return False
    team, one = teams[-1]
    return incidents.assign(session, incident, (team, None), Because(ACTOR, _words(one)), now)


def _names(book: IncidentBook, incident: Incident, audience: Audience, now: datetime) -> Iterator[str]:
    """Those who are meant, as notices name them; nobody when a part is not filled."""
    for kind in ("team", "person", "receiver"):
        name = getattr(audience, kind)
        if name is not None:
            yield f"{kind}/{name}"
    if audience.rota is not None:
        yield from _on_call(book.rotas.get(audience.rota), now)
    if audience.role is not None:
        yield from _of_incident(book, incident, audience.role, now)


def _of_incident(book: IncidentBook, incident: Incident, role: Role, now: datetime) -> Iterator[str]:
    team, owner = book.teams.get(incident.team or ""), book.people.get(incident.owner or "")
    match role:
        case Role.OWNER:
            person = owner.id if owner else None
        case Role.OWNER_MANAGER:
            person = owner.manager if owner else None
        case Role.TEAM_MANAGER:
            person = team.manager if team else None
        case Role.ON_CALL:
            yield from _on_call(book.rota_of(incident.team), now)
            return
        case Role.TEAM:
            if team is not None:
                yield f"team/{team.name}"
            return
    if person is not None:
        yield f"person/{person}"


def _on_call(rota: Rota | None, now: datetime) -> Iterator[str]:
    shift = on_call(rota, now) if rota is not None else None
    if shift is not None:
        yield f"person/{shift.person}"
