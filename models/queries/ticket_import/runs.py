"""The files that were taken in: begun, gone on with after a cut, ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.queries import journal
from models.records import ImportRun


@dataclass(frozen=True)
class FileSeen:
    """A file, and the map that reads it."""

    source: str
    name: str
    digest: str
    tickets: int
    refused: int


@dataclass(frozen=True)
class Progress:
    """What one batch did."""

    done: int
    added: int
    continued: int
    refused: int


def ended(session: Session, source: str, digest: str) -> ImportRun | None:
    """The last time that this very file was taken in whole, by this very map."""
    query = select(ImportRun).where(ImportRun.source == source, ImportRun.digest == digest)
    return session.scalars(query.where(ImportRun.ended_at.is_not(None)).order_by(ImportRun.id.desc()).limit(1)).first()


def begin(session: Session, seen: FileSeen, person: str, now: datetime) -> tuple[int, bool]:
    """The key of the import of this file, and whether it was begun before and cut off."""
    query = select(ImportRun).where(ImportRun.source == seen.source, ImportRun.digest == seen.digest)
    cut = session.scalars(query.where(ImportRun.ended_at.is_(None)).order_by(ImportRun.id.desc()).limit(1)).first()
    if cut is not None:
        cut.done, cut.refused = 0, seen.refused
        return cut.id, True
    run = ImportRun(
        source=seen.source,
        file=seen.name[:128],
        digest=seen.digest,
        person=person,
        started_at=now,
        tickets=seen.tickets,
        refused=seen.refused,
    )
    session.add(run)
    session.flush()
    _tell(session, run, "begin", now)
    return run.id, False


def note(session: Session, run_id: int, progress: Progress) -> None:
    """Write down what a batch did, in its own transaction."""
    statement = update(ImportRun).where(ImportRun.id == run_id)
    session.execute(
        statement.values(
            done=ImportRun.done + progress.done,
            added=ImportRun.added + progress.added,
            continued=ImportRun.continued + progress.continued,
            refused=ImportRun.refused + progress.refused,
        ).execution_options(synchronize_session=False)
    )


def end(session: Session, run_id: int, now: datetime) -> None:
    """All of the file is in."""
    run = session.get_one(ImportRun, run_id, populate_existing=True)
    run.ended_at = now
    _tell(session, run, "end", now)


def _tell(session: Session, run: ImportRun, act: str, now: datetime) -> None:
    names = ("source", "file", "digest", "tickets", "added", "continued", "refused")
    facts = {name: getattr(run, name) or 0 for name in names}
    tag, subject = f"operations:import:{act}", f"import/{run.id}"
    journal.append(session, journal.Fact(tag, subject, run.person, facts=facts, at=now))
