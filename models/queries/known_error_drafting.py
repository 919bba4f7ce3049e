"""The known error of a problem that people live with: written once, as a draft, of what the problem says."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import known_errors, problem_analysis
from models.queries.states import Because
from models.records import KnownError, Problem
from models.rules.incidents import fitting_text
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.vocabulary import AnalysisKind


def known_error_of(session: Session, problem: Problem, because: Because, now: datetime) -> KnownError:
    """The newest one that the problem has; without one, a draft that recognises its service and category."""
    known = known_errors.of_problem(session, problem.id)
    if known:
        return known[-1]
    facts = KnownErrorFacts(
        title=problem.title,
        symptom=fitting_text(_symptom(session, problem)),
        recognise=Recognition(service=problem.service, category=problem.category),
        root_cause=problem.cause,
        workaround=problem.workaround,
        owner=problem.owner or because.actor,
    )
    return known_errors.create(session, facts, because, now, problem.id)


def _symptom(session: Session, problem: Problem) -> str:
    """As its analysis begins, which has the words of its first incident."""
    analysis = problem_analysis.analysis_of(session, problem.id)
    symptoms = (entry.text for entry in analysis if entry.kind is AnalysisKind.SYMPTOM)
    return next(symptoms, problem.description or problem.title)
