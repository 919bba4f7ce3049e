"""Problems opened out of incidents: with what these say of it, and with what else was like them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import problem_analysis, problem_escalation, problem_hours, problem_news, problems
from models.queries.problem_links import is_trouble
from models.queries.states import Because
from models.records import Incident, Problem
from models.rules.problem_escalation import About
from models.rules.problems import Finding, NewProblem
from models.vocabulary import AnalysisKind, ResolutionCode

ACTOR = "problem rules"
LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True)
class Evidence:
    """What is known of the trouble of an incident when it becomes a problem."""

    symptom: str
    impact: str


def evidence_of(session: Session, incident: Incident, now: datetime) -> Evidence:
    """What the incident says, and how often and how long there was the like of it in the last 90 days."""
    about = About(incident.service, incident.category, incident.host)
    alike = _alike(session, about, now) | {incident.id}
    hours = problem_hours.hours_lost(session, alike, now)
    where = " ".join(filter(None, (incident.service, incident.category, incident.host)))
    count = f"{len(alike)} incident{'s' if len(alike) > 1 else ''}"
    said = [incident.title, incident.description]
    if incident.resolution_code is ResolutionCode.WORKAROUND:
        said.append(f"What helped: {incident.resolution}")
    return Evidence(
        symptom="\n\n".join(text for text in said if text),
        impact=f"{count} like it in 90 days{f' ({where})' if where else ''}, {hours:.1f} hours in all",
    )


def escalate(session: Session, incident: Incident, evidence: Evidence, now: datetime) -> Problem | None:
    """Make an incident a problem, or part of an open one, when something still asks for it; once for each incident.

    None: nothing asks for it any more, or it was done before.
    """
    problem_escalation.hold_matters(session, [incident])
    wish = problem_escalation.weigh(session, incident)
    if wish is None or problem_escalation.is_done(session, incident):
        problem_escalation.settle(session, incident)
        return None
    because = Because(ACTOR, f"{incident.number}: {wish.reason}")
    if wish.joins is not None:
        problem = problems.get(session, wish.joins)
        problems.link_incidents(session, problem, [incident], because, now)
    else:
        problem = problems.open_problem(session, about_incident(incident, wish.team), because, now)
        found_out(session, problem, evidence, because, now)
        problem_news.opened(session, problem, now)
    problem_escalation.settle(session, incident)
    return problem


def about_incident(incident: Incident, team: str | None) -> NewProblem:
    """A problem that is about the same as an incident, and causes it."""
    return NewProblem(
        title=incident.title,
        description=incident.description,
        service=incident.service,
        host=incident.host,
        category=incident.category,
        impact=incident.impact,
        urgency=incident.urgency,
        team=team,
        source="incident",
        is_drill=incident.is_drill,
        incidents=(incident.id,),
    )


def found_out(session: Session, problem: Problem, evidence: Evidence, because: Because, now: datetime) -> None:
    """Begin its analysis with the evidence."""
    for kind, text in ((AnalysisKind.SYMPTOM, evidence.symptom), (AnalysisKind.IMPACT, evidence.impact)):
        problem_analysis.analyse(session, problem, Finding(kind, text), because, now)


def _alike(session: Session, about: About, now: datetime) -> set[int]:
    """The incidents about the same thing, by key; none without a service, of which everything would be one."""
    if about.service is None or (about.category is None and about.host is None):
        return set()
    query = select(Incident.id).where(
        Incident.service == about.service,
        Incident.category == about.category,
        Incident.opened_at > now - LOOK_BACK,
        Incident.opened_at <= now,
        *is_trouble(),
    )
    return set(session.scalars(query if about.category is not None else query.where(Incident.host == about.host)))
