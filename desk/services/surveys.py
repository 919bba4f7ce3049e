"""How content the callers of closed incidents are, as whoever has the code of a survey says."""

from dataclasses import dataclass
from datetime import datetime

from models.database import Database
from models.queries import incidents, surveys
from models.queries.surveys import Answer


@dataclass(frozen=True)
class Answered:
    """An answer as it was written down."""

    incident: str
    title: str
    caller: str
    score: int
    words: str


def answer(database: Database, given: Answer, person: str, now: datetime) -> Answered:
    """Write an answer down, which `person` brings.

    Raises NotFound for a code of no survey, Refused for a second answer, a score outside 1 to 5, or a NUL in the words.
    """
    with database.write() as session:
        survey = surveys.answer(session, given, person, now)
        incident = incidents.get(session, survey.ticket_id)
        return Answered(incident.number, incident.title, survey.person, given.score, survey.words or "")
