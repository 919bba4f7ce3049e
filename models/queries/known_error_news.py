"""What is told of a known error: to its owner, or else to the operators' receivers, that its review is due."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import notice_box
from models.queries.known_error_uses import subject_of, tallies
from models.queries.notice_box import Draft
from models.queries.notice_recipients import Directory
from models.queries.notices import as_json
from models.records import KnownError, Notice
from models.rules.incidents import ticket_number
from models.rules.notice_facts import KnownErrorReviewFacts
from models.vocabulary import NoticeTag, TicketKind


def review_due(session: Session, row: KnownError, now: datetime) -> list[Notice]:
    """Tell that somebody is to look whether it holds still; once for each day of review."""
    directory = Directory(session)
    recipients = directory.person(row.owner) or directory.of_team(None)
    tally = tallies(session, [row.id])[row.id]
    facts = KnownErrorReviewFacts(
        number=row.number,
        title=row.title,
        symptom=row.symptom,
        at=now,
        used=tally.used,
        worked_percent=tally.worked_percent,
        problem=ticket_number(TicketKind.PROBLEM, row.problem_id) if row.problem_id is not None else None,
    )
    subject = subject_of(row.id)
    draft = Draft(
        key=f"{subject}/due/{row.review_on}",
        tag=NoticeTag.KNOWN_ERROR_DUE,
        subject=subject,
        title=f"{row.number} is to be reviewed: {row.title}",
        facts=as_json(facts),
    )
    return notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), now)
