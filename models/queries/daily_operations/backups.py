"""The backup plans of the site in the daily operations log: what each is worth, and what the night brought."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import register
from models.queries.backup_standing import Standing, standings
from models.queries.book import read_book
from models.queries.daily_operations.content import BackupLine
from models.queries.daily_operations.reading import read_run
from models.queries.daily_operations.standing import Period
from models.vocabulary import Health, PointState

RANK = (Health.RED, Health.AMBER, Health.GREEN)


def backups(session: Session, period: Period, now: datetime) -> tuple[BackupLine, ...]:
    """One line per plan in force, the worst first."""
    if not register.in_force(session, "backup"):
        return ()
    lines = [_line(session, standing, period) for standing in standings(session, read_book(session), now)]
    return tuple(sorted(lines, key=lambda line: (RANK.index(line.health), line.plan)))


def _line(session: Session, standing: Standing, period: Period) -> BackupLine:
    newest, proven = standing.verdict.newest, standing.verdict.newest_proven
    tonight = next((point for point in reversed(standing.points) if period.holds(point.taken_at)), None)
    return BackupLine(
        plan=standing.plan.name,
        title=standing.plan.title,
        health=standing.verdict.health,
        why=standing.verdict.reasons[0].text,
        newest_at=newest.taken_at if newest else None,
        proven_at=proven.taken_at if proven else None,
        point=tonight.key if tonight else None,
        run=tonight.run_id if tonight else None,
        taken_up=read_run(session, tonight.run_id).taken_up if tonight else 0,
        size_bytes=tonight.size_bytes if tonight else None,
        files=tonight.files if tonight else None,
        is_bad=tonight is not None and tonight.state is PointState.BAD,
        unusual=tuple(tonight.anomalies) if tonight else (),
    )
