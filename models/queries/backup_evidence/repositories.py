"""The checks of the repositories over the period: how much of the data was read, and what was found."""

from models.queries.backup_evidence.content import CheckFault, RepositoryEvidence
from models.queries.backup_evidence.reading import Ground
from models.queries.daily_operations.content import Count
from models.queries.daily_operations.standing import Period
from models.records import RepositoryCheckRow
from models.rules.read_slices import Slice, SliceRead, read_share
from models.site.backups import Repository
from models.vocabulary import Outcome


def repository_evidence(ground: Ground, period: Period) -> tuple[RepositoryEvidence, ...]:
    """Every repository in force, by name; one without a check is told too."""
    repositories = ground.book.repositories if ground.book else {}
    return tuple(_evidence(repositories[name], ground, period) for name in sorted(repositories))


def _evidence(repository: Repository, ground: Ground, period: Period) -> RepositoryEvidence:
    checks = [row for row in ground.checks if row.repository == repository.name and row.started_at < period.until]
    inside = [row for row in checks if period.holds(row.started_at)]
    good = [row for row in inside if row.outcome is Outcome.OK]
    parts = repository.check.parts if repository.check else _last_parts(checks)
    reads = [SliceRead(Slice(row.part, row.parts), row.started_at, row.outcome is Outcome.OK) for row in checks]
    share = read_share(reads, parts, period.since)
    return RepositoryEvidence(
        name=repository.name,
        title=repository.title,
        engine=repository.engine.value,
        medium=repository.medium,
        off_site=repository.off_site,
        is_checked=repository.check is not None,
        checks=Count(len(good), len(inside), runs=tuple(row.run_id for row in inside)),
        read=share.read,
        parts=share.of,
        oldest=share.oldest,
        last_at=checks[-1].ended_at if checks else None,
        last_outcome=checks[-1].outcome if checks else None,
        faults=tuple(
            CheckFault(row.run_id, row.started_at, text)
            for row in inside
            if row.outcome is not Outcome.OK
            for text in (row.faults or ["it ended without a word"])
        ),
    )


def _last_parts(checks: list[RepositoryCheckRow]) -> int:
    return checks[-1].parts if checks else 1
