"""What must be true of backups beyond the form of their keys."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from models.rules.names import NAME_LENGTH
from models.site.backups import BackupPlan, EngineName, Expectation, Reading, Repository, Source
from models.site.derived import check_job, names_of
from models.site.jobs import LOCAL, Job
from models.site.references import Kind, ReferenceFault
from models.site.tree import Path

Said = Iterator[tuple[Path, str]]
SFTP = re.compile(r"sftp:(//[^/]+/.+|[^/:]+:.+)")
SOURCES = ("paths", "postgresql", "sqlite", "command", "watchbill")
EXPECTED = ("file", "query", "command")


def backup_faults(
    plans: Mapping[str, BackupPlan], repositories: Mapping[str, Repository], jobs: Mapping[str, Job]
) -> Iterator[ReferenceFault]:
    """Everything wrong in the plans and repositories whose keys have the right form."""
    for plan in plans.values():
        said = [*_source(plan.source), *_times(plan), *_drill(plan), *_keeping(plan), *_places(plan, repositories)]
        for path, message in said:
            yield ReferenceFault(Kind.BACKUP, plan.name, path, message)
        for name in names_of(plan.name).values():
            yield from (ReferenceFault(Kind.BACKUP, plan.name, (), words) for words in _job_name(name, jobs))
    for repository in repositories.values():
        for path, message in _repository(repository):
            yield ReferenceFault(Kind.REPOSITORY, repository.name, path, message)
        for words in _job_name(check_job(repository.name), jobs):
            yield ReferenceFault(Kind.REPOSITORY, repository.name, (), words)


def _source(source: Source) -> Said:
    given = [key for key in SOURCES if getattr(source, key)]
    if not given:
        yield ("source",), f"says nothing to back up; give it one of {', '.join(SOURCES)}"
    for extra in given[1:]:
        yield ("source", extra), f"stands beside {given[0]}; a source has one of {', '.join(SOURCES)}"
    if source.watchbill and source.on != LOCAL:
        yield ("source", "on"), "must be local: Watchbill's own state lies on the worker's machine"
    if source.exclude and not source.paths:
        yield ("source", "exclude"), "goes with paths"
    if source.reading is Reading.ON_HOST and (source.on == LOCAL or not source.paths):
        yield ("source", "reading"), "on host goes with the paths of a host; this machine is read as it is"


def _times(plan: BackupPlan) -> Said:
    for key in ("rpo", "rto", "deadline"):
        if getattr(plan, key) <= timedelta(0):
            yield (key,), "must be above 0s"


def _drill(plan: BackupPlan) -> Said:
    is_database = plan.source.postgresql is not None or plan.source.sqlite is not None
    for number, expected in enumerate(plan.drill.expect if plan.drill else ()):
        path: Path = ("drill", "expect", number)
        given = [key for key in EXPECTED if getattr(expected, key) is not None]
        if len(given) != 1:
            yield path, f"must have one of {', '.join(EXPECTED)}; it has {' and '.join(given) or 'none'}"
        yield from ((path, words) for words in _query(expected, is_database))


def _query(expected: Expectation, is_database: bool) -> Iterator[str]:
    limits = [key for key in ("at_least", "newer_than") if getattr(expected, key) is not None]
    if expected.query is None and limits:
        yield f"{limits[0]} goes with query"
    if expected.query is not None and len(limits) != 1:
        yield "a query needs one of at_least, newer_than"
    if expected.query is not None and not is_database:
        yield "a query goes with a source that is a database: postgresql or sqlite"


def _keeping(plan: BackupPlan) -> Said:
    if plan.keep.is_empty:
        yield ("keep",), "keeps nothing; say how many, like daily: 14"


def _places(plan: BackupPlan, repositories: Mapping[str, Repository]) -> Said:
    main = repositories.get(plan.to)
    if main is not None and plan.source.reading is Reading.ON_HOST and main.engine is not EngineName.RESTIC:
        yield ("source", "reading"), f"on host needs restic, and {main.name} is kept by {main.engine.value}"
    second = repositories.get(plan.copy_to.repository) if plan.copy_to else None
    if main is None or second is None:
        return
    if second.name == main.name:
        yield ("copy_to", "repository"), "is the repository that the plan goes to; a copy needs another one"
    elif second.engine is not main.engine:
        words = f"is kept by {second.engine.value} and {main.name} by {main.engine.value}; a copy needs the same engine"
        yield ("copy_to", "repository"), words


def _repository(repository: Repository) -> Said:
    if repository.engine is EngineName.RESTIC:
        if repository.password is None:
            yield (), "has no password; restic encrypts always: password: secret://name"
        for key in ("recipients", "identity"):
            if getattr(repository, key):
                yield (key,), "goes with archive; restic encrypts by its password"
    else:
        if repository.password is not None:
            yield ("password",), "goes with restic; an archive is encrypted to recipients"
        if not repository.where.startswith("/"):
            yield ("where",), "must be an absolute folder of this machine; archive knows no other place"
    is_sftp = repository.engine is EngineName.RESTIC and repository.where.startswith("sftp:")
    if is_sftp and repository.host is None:
        yield ("where",), "needs host: the host of the site whose pinned keys and account are used"
    if is_sftp and not SFTP.fullmatch(repository.where):
        yield ("where",), "must name host and folder, like sftp:HOST:/srv/backups"
    if repository.host is not None and not is_sftp:
        yield ("host",), "goes with where: sftp:HOST:/FOLDER"


def _job_name(name: str, jobs: Mapping[str, Job]) -> Iterator[str]:
    if len(name) > NAME_LENGTH:
        yield f"gives a job the name {name}, which is longer than {NAME_LENGTH} characters; choose a shorter one"
    if name in jobs:
        yield f"gives a job the name {name}, which jobs.yaml has already; rename one of the two"
