"""The repositories that a run works with: opened, freed of dead owners' locks, checked part by part."""

from pathlib import Path

from models import clock
from models.errors import BackupError
from models.queries import restore_points
from models.queries.runs import ClaimedRun
from models.records import RepositoryCheckRow
from models.rules.read_slices import Slice, next_slice
from models.rules.retention import Semantics, keeps_oldest
from models.site.backups import EngineName, Repository
from models.vocabulary import BackupFault, Outcome
from tasks.commands import secret_store, target_of
from tasks.ledger import task
from tasks.places import plan_of, repository_of
from tasks.tools.backup import archive, restic
from tasks.tools.backup.owners import is_dead
from tasks.tools.backup.shapes import Checked, Engine
from tasks.workplace import database, settings, worker_name


def engine_of(run: ClaimedRun, name: str) -> Engine:
    """The engine that keeps one of the run's repositories; its secrets are resolved here, at the last moment."""
    repository = repository_of(run, name)
    if repository.engine is EngineName.ARCHIVE:
        return _archive(repository)
    return restic_of(run, name)


def _archive(repository: Repository) -> archive.ArchiveEngine:
    return archive.ArchiveEngine(
        archive.Repository(
            name=repository.name,
            where=Path(repository.where),
            folder=_folder_of(repository),
            recipients=repository.recipients,
            identity=secret_store().resolve(repository.identity) if repository.identity else None,
            create=repository.create,
        )
    )


def restic_of(run: ClaimedRun, name: str) -> restic.ResticEngine:
    """The same, of a repository that restic keeps."""
    repository = repository_of(run, name)
    return restic.ResticEngine(
        restic.Repository(
            name=repository.name,
            where=repository.where,
            password=secret_store().resolve(repository.password) if repository.password else "",
            folder=_folder_of(repository),
            variables=secret_store().resolve_all(repository.secrets),
            host=target_of(run.plan, repository.host) if repository.host else None,
            create=repository.create,
        )
    )


def _folder_of(repository: Repository) -> Path:
    """Where this machine keeps what belongs to a repository: manifests, caches."""
    folder = settings().home.resolve() / "repositories" / repository.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def tool_of(engine: Engine) -> str | None:
    """What this worker keeps a repository with, such as restic 0.18.0; None for the embedded engine."""
    return str(engine.program) if isinstance(engine, restic.ResticEngine) else None


def semantics_of(run: ClaimedRun, name: str) -> Semantics:
    """What a policy means where the repository is kept: an older restic does not keep the oldest point too."""
    tool = tool_of(engine_of(run, name))
    return Semantics(keeps_oldest(tool)) if tool else Semantics()


@task(retries=2, retry_delay_seconds=[5, 60])
def prepare_repository(run: ClaimedRun) -> None:
    """Open the plan's repository, or make it when the site says so; locks of owners proven dead are removed."""
    open_repository(run, plan_of(run).to)


def open_repository(run: ClaimedRun, name: str) -> Engine:
    """Open a repository. A lock whose owner lives, or cannot be asked, stays: it may hinder nothing."""
    engine = engine_of(run, name)
    engine.prepare()
    try:
        engine.unlock(is_dead)
    except BackupError as error:
        if error.fault is not BackupFault.LOCKED:
            raise
    return engine


@task()
def check_part(run: ClaimedRun) -> list[str]:
    """Check the repository's structure and read the part that waits longest. Raises BackupError for damage."""
    repository = repository_of(run, str(run.plan.order["repository"]))
    with database().read() as session:
        part = next_slice(
            restore_points.slice_history(session, repository.name), repository.check.parts if repository.check else 1
        )
    engine, began = open_repository(run, repository.name), clock.now()
    checked = _checked(engine, part)
    with database().write() as session:
        row = RepositoryCheckRow(
            repository=repository.name,
            run_id=run.run_id,
            started_at=began,
            ended_at=clock.now(),
            part=part.number,
            parts=part.of,
            outcome=Outcome.FAILED if checked.faults else Outcome.OK,
            faults=list(checked.faults),
        )
        restore_points.record_check(session, row, worker_name())
        for key in checked.points:
            point = restore_points.find(session, repository.name, key)
            if point is not None:
                reason = f"the check of {run.number} found damage in it"
                restore_points.find_bad(session, point, reason, worker_name())
    if checked.faults:
        raise BackupError(repository.name, BackupFault.DAMAGED, f"{checked.faults[0]}; {repository.runbook.strip()}")
    return [str(part)]


def _checked(engine: Engine, part: Slice) -> Checked:
    """What the check says; damage that keeps it from ending is damage found."""
    try:
        return engine.check(part)
    except BackupError as error:
        if error.fault is not BackupFault.DAMAGED:
            raise
        return Checked(part, 0.0, faults=(str(error),))
