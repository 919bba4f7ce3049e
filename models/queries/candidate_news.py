"""What is told of problem candidates: to the team that decides about them, once for each search that found new ones."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import notice_box
from models.queries.notice_box import Draft
from models.queries.notice_recipients import Directory
from models.queries.notices import as_json
from models.records import Notice, ProblemCandidate
from models.rules.figure_words import hours_text
from models.rules.notice_facts import CandidateFacts, CandidatesFacts
from models.vocabulary import NoticeTag

MOST_LISTED = 10


def found(
    session: Session, new: Sequence[tuple[ProblemCandidate, float]], team: str | None, now: datetime
) -> list[Notice]:
    """Tell of those that are new, each with the hours that it lost, in one notice; of none there is nothing to tell."""
    if not new:
        return []
    title = f"{len(new)} problem candidate{'s' if len(new) > 1 else ''}"
    facts = CandidatesFacts(
        title=title,
        at=now,
        count=len(new),
        candidates=tuple(
            CandidateFacts(row.number, row.title, said(row), hours_text(hours) if hours else "")
            for row, hours in new[:MOST_LISTED]
        ),
        more=max(len(new) - MOST_LISTED, 0),
    )
    first = new[0][0]
    subject = f"candidate/{first.id}"
    named = f"{title}: {first.title}{' and others' if len(new) > 1 else ''}"
    draft = Draft(f"{subject}/found", NoticeTag.PROBLEM_CANDIDATES, subject, named, as_json(facts))
    directory = Directory(session)
    recipients = directory.of_team(team)
    return notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), now)


def said(row: ProblemCandidate) -> str:
    """How often it recurs, how unusual that is, and why it is asked about again."""
    evidence = row.evidence
    return "; ".join(filter(None, (evidence["said"], evidence["why"])))
