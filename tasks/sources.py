"""What a plan backs up, opened where it is, as an engine reads it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from models.errors import BackupError
from models.queries.runs import ClaimedRun
from models.site.backups import BackupPlan
from models.vocabulary import BackupFault
from tasks.commands import secret_store, target_of
from tasks.tools.backup.databases import postgresql_dump, sqlite_copy
from tasks.tools.backup.host_files import HostTree
from tasks.tools.backup.own_copy import OwnState, own_copy
from tasks.tools.backup.shapes import Stream, Tree
from tasks.tools.backup.sources import Origin, files_of, output_of
from tasks.workplace import database, host_pool, settings

LONGEST_SECONDS = 6 * 86_400
"""What a host lets one command run at most."""


@contextmanager
def opened_source(run: ClaimedRun, plan: BackupPlan) -> Iterator[Tree | Stream]:
    """The source of a plan, as long as the block lasts. Raises BackupError, HostError.

    A source that is missing, or cannot be opened, raises before the block; one that fails meanwhile raises from the
    stream's `read` or `finish`.
    """
    source, target = plan.source, target_of(run.plan, plan.source.on)
    if source.watchbill:
        with own_copy(_own_state()) as folder:
            yield Tree((folder,))
        return
    if source.paths and target.connection == "local":
        yield _tree(plan)
        return
    with _streamed(run, plan) as stream:
        yield stream


def host_tree(run: ClaimedRun, plan: BackupPlan) -> HostTree:
    """The files of a plan that are read on their host itself."""
    return HostTree(_origin(run, plan, {}), plan.source.paths, plan.source.exclude)


def _own_state() -> OwnState:
    here = settings()
    return OwnState(here.home.resolve(), here.site.resolve(), here.anchors, database().url)


def source_key(run: ClaimedRun, host: str) -> str:
    """Under which key the source is read on its host; whoever kills the run ends it by this."""
    return f"{run.step_key(host)}-source-{run.fence}"


def source_keys(run: ClaimedRun, host: str) -> list[str]:
    """The same, of every command that reads it, also where its files are read on the host itself."""
    key = source_key(run, host)
    return [key, f"{key}.hashes"]


def seconds_of(plan: BackupPlan) -> int:
    """The plan's deadline, as a host takes it."""
    return min(LONGEST_SECONDS, max(1, int(plan.deadline.total_seconds())))


def _tree(plan: BackupPlan) -> Tree:
    """Files of this machine. Raises BackupError when one of the paths is not there."""
    paths = tuple(Path(path) for path in plan.source.paths)
    gone = [str(path) for path in paths if not path.is_symlink() and not path.exists()]
    if gone:
        words = f"{', '.join(gone)} not found; correct the plan's paths, or mount what belongs there"
        raise BackupError(plan.name, BackupFault.SOURCE_MISSING, words)
    return Tree(paths, plan.source.exclude)


def _streamed(run: ClaimedRun, plan: BackupPlan) -> AbstractContextManager[Stream]:
    """The source of a plan that is no tree of this machine. Raises BackupError for one that says nothing."""
    source = plan.source
    if source.paths:
        return files_of(_origin(run, plan, {}), source.paths, source.exclude)
    if source.command is not None:
        wanted = source.command
        return output_of(_origin(run, plan, wanted.secrets), wanted.argv, wanted.produces, wanted.at_least)
    if source.sqlite is not None:
        return sqlite_copy(_origin(run, plan, {}), source.sqlite)
    if source.postgresql is not None:
        server = source.postgresql
        origin = _origin(run, plan, {"PGPASSWORD": server.password} if server.password else {})
        return postgresql_dump(origin, server.database, server.connection, with_globals=server.globals)
    raise BackupError(plan.name, BackupFault.REFUSED_BY_US, "its source says nothing to back up; correct the plan")


def _origin(run: ClaimedRun, plan: BackupPlan, secrets: dict[str, str]) -> Origin:
    return Origin(
        pool=host_pool(),
        target=target_of(run.plan, plan.source.on),
        plan=plan.name,
        key=source_key(run, plan.source.on),
        deadline_seconds=seconds_of(plan),
        secrets=secret_store().resolve_all(secrets),
    )
