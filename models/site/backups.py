"""backups.yaml: where restore points are kept, what is backed up, and how a restore proves it."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.rules.durations import Duration
from models.rules.keeping import Safeguards
from models.rules.retention import KeepPolicy
from models.rules.schedule import Schedule
from models.site.jobs import Routine
from models.site.types import HostPath, Matching, Name, Named, SecretReference, SiteModel, Text, Title, VariableName

Argv = Annotated[tuple[Annotated[str, Field(max_length=100_000)], ...], Field(min_length=1, max_length=1000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Day = Annotated[str, Matching(r"\d{4}-\d{2}-\d{2}", "must be a date like 2027-01-31")]


class EngineName(StrEnum):
    """What keeps the restore points."""

    RESTIC = "restic"
    ARCHIVE = "archive"  # one tar.zst per point; needs nothing installed


class Reading(StrEnum):
    """How a host's files reach the engine."""

    STREAM = "stream"  # one tar over our connection; nothing but tar on the host
    ON_HOST = "on host"  # restic runs on the host itself and reaches the repository from there


class Which(StrEnum):
    """Which restore point a drill takes."""

    LATEST = "latest"
    RANDOM = "random"


class RepositoryCheck(SiteModel):
    """The regular check of a repository."""

    schedule: Schedule = Field(description="When it is due.")
    parts: int = Field(
        default=7, ge=1, le=256, description="Every check reads one of this many parts, so this many read all."
    )


class KeyCopy(SiteModel):
    """A copy of a repository's key, kept apart: without one, whoever loses the machine loses the backups too."""

    where: Text = Field(description="Where it lies, and who can get it. Never the key itself.")
    tested: Day | None = Field(default=None, description="The day on which the repository was last opened with it.")


class Repository(Named):
    """A place that keeps restore points."""

    title: Title = Field(description="What people call it.")
    owner: Name = Field(description="The team that answers for it.")
    runbook: Text = Field(description="What to do when it is locked, full or damaged: text or a URL.")
    engine: EngineName = Field(description="What keeps the restore points there.")
    where: Annotated[str, Matching(r"[^\0\n]{1,1000}", "must be one line: a folder or a repository address")] = Field(
        description="A folder of this machine, or what restic calls a repository: sftp:, s3:, rest: ... No password."
    )
    host: Name | None = Field(
        default=None, description="With sftp: the host of the site whose account, key and pinned keys are used."
    )
    password: SecretReference | None = Field(default=None, description="With restic: the repository's password.")
    secrets: dict[VariableName, SecretReference] = Field(
        default_factory=dict,
        description="Variables that the repository's service needs, such as AWS_SECRET_ACCESS_KEY.",
    )
    recipients: tuple[Annotated[str, Matching(r"age1[0-9a-z]{20,3000}", "must be an age public key: age1...")], ...] = (
        Field(default=(), description="With archive: encrypt to these age public keys.")
    )
    identity: SecretReference | None = Field(
        default=None, description="With archive: the age secret key, for drills and restores on this machine."
    )
    key_copy: KeyCopy | None = Field(
        default=None, description="The copy of the password or secret key that is kept apart from this machine."
    )
    create: bool = Field(default=False, description="Whether to make the repository when there is none.")
    medium: Title = Field(default="disk", description="What it lies on: copies on one medium are lost together.")
    off_site: bool = Field(default=False, description="Whether it lies where a fire here does not reach.")
    check: RepositoryCheck | None = Field(default=None, description="The regular check that reads all data in parts.")


class PostgresqlSource(SiteModel):
    """A PostgreSQL database, dumped by pg_dump in its custom format, with the server's roles."""

    database: Annotated[str, Matching(r"[^\0\n]{1,63}", "must be a database's name")] = Field(
        description="The database."
    )
    connection: str | None = Field(
        default=None, max_length=1000, description="How to reach it, in libpq words: host=/run/x user=y. No password."
    )
    password: SecretReference | None = Field(default=None, description="The account's password.")
    globals: bool = Field(default=True, description="Whether roles and tablespaces are kept too (pg_dumpall -g).")


class CommandSource(SiteModel):
    """A command whose output is the backup."""

    argv: Argv = Field(description="The program and its arguments; no shell reads it.")
    produces: Annotated[str, Matching(r"(?!\.)[^/\0\n]{1,200}", "must be a file's name without a folder")] = Field(
        description="What the restored file is called: shop.sql."
    )
    secrets: dict[VariableName, SecretReference] = Field(
        default_factory=dict, description="Environment variables whose values are secrets."
    )
    at_least: int = Field(default=1, ge=1, description="Bytes below which the output is a failure.")


class Source(SiteModel):
    """What is backed up: one of paths, postgresql, sqlite, command, watchbill."""

    on: Name = Field(description="The host that has it, or local for this machine.")
    paths: tuple[HostPath, ...] = Field(default=(), description="Files and folders, by their absolute paths.")
    exclude: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = Field(
        default=(), description="With paths: patterns that are left out, like *.tmp."
    )
    reading: Reading = Field(
        default=Reading.STREAM,
        description="With paths of a host: as one stream to this machine, or by restic on the host itself.",
    )
    postgresql: PostgresqlSource | None = Field(default=None, description="A PostgreSQL database.")
    sqlite: HostPath | None = Field(default=None, description="A SQLite file, copied consistently while it is used.")
    command: CommandSource | None = Field(default=None, description="A command whose output is the backup.")
    watchbill: bool = Field(
        default=False,
        description="Watchbill's own database, journal anchors, site and manifests; keys and secrets are kept apart.",
    )
    before: tuple[Argv, ...] = Field(default=(), description="Commands to run there first; one that fails ends it.")
    afterwards: tuple[Argv, ...] = Field(
        default=(), description="Commands to run there at the end, whatever happened before."
    )


class Expectation(SiteModel):
    """One thing that must be true of a restored copy: one of file, query, command."""

    file: (
        Annotated[str, Matching(r"(?!.*(^|/)\.\.(/|$))[^\0\n]{1,1000}", "must be a path inside the backup")] | None
    ) = Field(default=None, description="A path that must be there.")
    query: str | None = Field(
        default=None, max_length=10_000, description="With a database: SQL that gives one value, tried read-only."
    )
    at_least: float | None = Field(default=None, description="With query: the value is a number and not below this.")
    newer_than: Duration | None = Field(
        default=None, description="With query: the value is a time, no older than this when the point was taken."
    )
    command: Argv | None = Field(
        default=None, description="A command that must end with 0, in the sandbox, in the restored folder."
    )


class Drill(SiteModel):
    """The regular proof: a restore into a sandbox, compared with what was taken."""

    schedule: Schedule = Field(description="When it is due.")
    point: Which = Field(default=Which.LATEST, description="Which restore point it takes.")
    at_least_every: Duration = Field(
        default=timedelta(days=8), description="A plan whose last passed drill is older than this is not green."
    )
    deadline: Duration = Field(
        default=timedelta(hours=4),
        description="The drill is ended after this long: restoring, loading and all that is expected, together.",
    )
    expect: tuple[Expectation, ...] = Field(default=(), description="What must be true of the restored copy.")
    most_bytes: int = Field(default=2**40, ge=1, description="The restore is ended above this size.")
    most_files: int = Field(default=10_000_000, ge=1, description="The restore is ended above this number of files.")


class Copying(SiteModel):
    """The copy of the plan's points in a second repository."""

    repository: Name = Field(description="The other repository, of the same engine.")
    schedule: Schedule = Field(description="When it is due.")


class BackupPlan(Named, Routine):
    """What is backed up, where to, how long it is kept, and how a restore proves it."""

    title: Title = Field(description="What people call it.")
    owner: Name = Field(description="The team that answers for the data.")
    service: Name | None = Field(default=None, description="The service that the data belong to.")
    runbook: Text = Field(description="What to do when it fails: text or a URL.")
    description: Text | None = Field(default=None, description="What the data are.")
    schedule: Schedule | None = Field(default=None, description="When it is due; without one, by hand.")
    source: Source = Field(description="What is backed up.")
    to: Name = Field(description="The repository that it goes to.")
    copy_to: Copying | None = Field(default=None, description="The copy in a second repository.")
    keep: KeepPolicy = Field(
        default=KeepPolicy(daily=14, weekly=8, monthly=12), description="Which restore points stay."
    )
    safeguards: Safeguards = Field(default=Safeguards(at_least=3), description="What `keep` cannot go below.")
    rpo: Duration = Field(
        default=timedelta(hours=26), description="How old the newest proven point may be (recovery point objective)."
    )
    rto: Duration = Field(
        default=timedelta(hours=4), description="How long a restore may take (recovery time objective)."
    )
    may_shrink: Percent = Field(
        default=50, description="By how many percent the source may be smaller than last time; more is a failure."
    )
    drill: Drill | None = Field(default=None, description="The regular proof; a plan without one is never green.")
    legal_hold: Title | None = Field(
        default=None, description="By whose word no restore point of the plan may be removed, while it stands here."
    )


class Exemption(Named):
    """A host or service that needs no backup, and why."""

    reason: Text = Field(description="Why it needs none.")
    agreed_by: Annotated[str, Matching(r"[a-z][a-z0-9.-]{0,62}", "must be a person's id")] = Field(
        description="Who agreed."
    )
    until: Day | None = Field(default=None, description="The last day on which it counts.")
