"""probes.yaml: what is looked at every few seconds or minutes, from where, and what is too little or too much."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.rules.durations import Duration
from models.rules.probes import Limit, Patience
from models.site.backups import Argv
from models.site.jobs import LOCAL
from models.site.types import HostPath, Matching, Name, Named, SiteModel, Text, Title
from models.vocabulary import ProbeKind

Url = Annotated[str, Matching(r"https?://[^\s/@]+(/\S*)?", "must be an address like https://host/path, no password")]
Address = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}", "must be a host name or an IP address")]
Port = Annotated[int, Field(ge=1, le=65535)]
Pattern = Annotated[str, Matching(r"[^\0\n]{1,500}", "must be one line of a regular expression")]
Count = Annotated[float, Field(ge=0)]
GIB = 2**30


class TooLittle(SiteModel):
    """From where on a value is too small."""

    warning: Count | None = Field(default=None, description="Below this it is a warning.")
    critical: Count | None = Field(default=None, description="Below this it is critical.")
    margin: Count = Field(default=0, description="How far above it must be again to be good: the second edge.")

    def limit(self, measure: str, unit: float = 1) -> Limit:
        """The limit of a measure that counts in smaller units."""
        return Limit(measure, _times(self.warning, unit), _times(self.critical, unit), self.margin * unit, is_low=True)


class TooMuch(SiteModel):
    """From where on a value is too large."""

    warning: Count | None = Field(default=None, description="Above this it is a warning.")
    critical: Count | None = Field(default=None, description="Above this it is critical.")
    margin: Count = Field(default=0, description="How far below it must be again to be good: the second edge.")

    def limit(self, measure: str) -> Limit:
        """The limit of a measure."""
        return Limit(measure, self.warning, self.critical, self.margin)


class TooLong(SiteModel):
    """From where on a time is too long."""

    warning: Duration | None = Field(default=None, description="Above this it is a warning.")
    critical: Duration | None = Field(default=None, description="Above this it is critical.")
    margin: Duration = Field(
        default=timedelta(0), description="How far below it must be again to be good: the second edge."
    )

    def limit(self, measure: str) -> Limit:
        """The limit of a measure in seconds."""
        return Limit(measure, _seconds(self.warning), _seconds(self.critical), self.margin.total_seconds())


class HttpProbe(SiteModel):
    """Whether a web address answers as it should. Asked from the worker."""

    url: Url = Field(description="The address. No password: it is stored and shown.")
    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(
        default=(200,), min_length=1, description="The status codes that are good."
    )
    contains: Text | None = Field(
        default=None, description="Text that must stand in the first 1 MiB of the answer, as it is."
    )
    redirects: int = Field(
        default=0, ge=0, le=20, description="How many redirects are followed; the last answer counts."
    )
    verify: bool = Field(default=True, description="Whether the certificate must be one that the worker trusts.")
    time: TooLong = Field(default=TooLong(), description="How long the whole answer may take.")

    def limits(self) -> tuple[Limit, ...]:
        """What is too much."""
        return (self.time.limit("time"),)


class TcpProbe(SiteModel):
    """Whether a port is open, and says what it should. Asked from the worker."""

    address: Address = Field(description="The host name or IP address.")
    port: Port = Field(description="The port.")
    banner: Pattern | None = Field(
        default=None, description="A regular expression that must match what the server says first, as SSH-2."
    )
    time: TooLong = Field(default=TooLong(), description="How long the connection, and the banner, may take.")

    def limits(self) -> tuple[Limit, ...]:
        """What is too much."""
        return (self.time.limit("time"),)


class TlsProbe(SiteModel):
    """How long a server's certificate is valid yet, and whether it is for its name. Asked from the worker."""

    address: Address = Field(description="The host name or IP address.")
    port: Port = Field(default=443, description="The port; TLS from the first byte.")
    server_name: Address | None = Field(
        default=None, description="The name that is asked for and that the certificate must be for; default: `address`."
    )
    days: TooLittle = Field(
        default=TooLittle(warning=21, critical=7), description="How many days it must be valid yet."
    )

    def limits(self) -> tuple[Limit, ...]:
        """What is too little."""
        return (self.days.limit("left"),)


class DiskProbe(SiteModel):
    """How much of a file system is free: for others than root, as df says it."""

    mount: HostPath = Field(description="Where it is mounted. That it is not mounted is critical.")
    free_percent: TooLittle = Field(
        default=TooLittle(warning=20, critical=10, margin=1), description="Free space, in percent."
    )
    free_gib: TooLittle = Field(default=TooLittle(), description="Free space, in GiB.")
    inodes_percent: TooLittle = Field(
        default=TooLittle(warning=10, critical=5, margin=1), description="Free inodes, in percent."
    )

    def limits(self) -> tuple[Limit, ...]:
        """What is too little."""
        of_bytes, of_inodes = self.free_gib.limit("free bytes", GIB), self.inodes_percent.limit("free inodes")
        return (self.free_percent.limit("free"), of_bytes, of_inodes)


class LoadProbe(SiteModel):
    """How many processes want to run, for each core."""

    minutes: int = Field(default=5, description="Over how many minutes: 1, 5 or 15.")
    per_core: TooMuch = Field(default=TooMuch(warning=2, critical=4, margin=0.2), description="The load for each core.")

    @model_validator(mode="after")
    def _known_average(self) -> Self:
        if self.minutes not in (1, 5, 15):
            raise ValueError("minutes is 1, 5 or 15: Linux keeps no other average")
        return self

    def limits(self) -> tuple[Limit, ...]:
        """What is too much."""
        return (self.per_core.limit("load per core"),)


class ProcessProbe(SiteModel):
    """How many processes of a kind run: one of name, pattern."""

    name: Annotated[str, Matching(r"[^\0\n]{1,64}", "must be a program's name")] | None = Field(
        default=None, description="The program's name as the kernel keeps it, without folders: its first 15 characters."
    )
    pattern: Pattern | None = Field(
        default=None, description="An extended regular expression that the command line matches."
    )
    at_least: int = Field(default=1, ge=0, description="Fewer are critical.")
    at_most: int | None = Field(default=None, ge=0, description="More are critical.")

    def limits(self) -> tuple[Limit, ...]:
        """What is too little and too much."""
        most = (Limit("processes", critical=self.at_most),) if self.at_most is not None else ()
        return (Limit("processes", critical=self.at_least, is_low=True), *most)


class LogProbe(SiteModel):
    """How long ago a file was written, or a line in it that matches. That there is no such file is critical."""

    file: HostPath = Field(description="The file.")
    pattern: Pattern | None = Field(
        default=None, description="An extended regular expression: the newest line that matches counts, not the file."
    )
    age: TooLong = Field(description="How long ago it may be.")

    def limits(self) -> tuple[Limit, ...]:
        """What is too old."""
        return (self.age.limit("age"),)


class CommandProbe(SiteModel):
    """A plugin by the convention of Nagios: exit code 0 ok, 1 warning, 2 critical, 3 unknown; figures after a bar."""

    argv: Argv = Field(description="The program and its arguments; no shell reads it, and it is shown: no passwords.")

    def limits(self) -> tuple[Limit, ...]:
        """None of ours: the plugin has its own."""
        return ()


What = HttpProbe | TcpProbe | TlsProbe | DiskProbe | LoadProbe | ProcessProbe | LogProbe | CommandProbe
FROM_THE_WORKER = (ProbeKind.HTTP, ProbeKind.TCP, ProbeKind.TLS)
"""What is asked over the network; all else is read on a host."""


class ProbeCalendars(SiteModel):
    """When a probe is read."""

    only: tuple[Name, ...] = Field(default=(), description="Calendars in which it is read; any of them is enough.")
    never: tuple[Name, ...] = Field(default=(), description="Calendars in which it is not read; they win over `only`.")


class Probe(Named):
    """What is looked at: one of http, tcp, tls, disk, load, process, log, command."""

    title: Title = Field(description="What people call it.")
    owner: Name = Field(description="The team that answers for it.")
    service: Name | None = Field(default=None, description="The service that it tells about.")
    host: Name | None = Field(
        default=None, description="With http, tcp, tls: the host that it tells about; else it is where it is read."
    )
    runbook: Text = Field(description="What to do when it is bad: text or a URL.")
    every: Duration = Field(default=timedelta(minutes=1), description="How often it is read: 10s or more.")
    calendars: ProbeCalendars = Field(default=ProbeCalendars(), description="When it is read; default: always.")
    on: Annotated[str, Matching(r"[\s\S]{1,1000}", "must be a node filter or local")] = Field(
        default=LOCAL, description='Where it is read: a node filter like "tag=web", or local for the worker\'s machine.'
    )
    timeout: Duration = Field(default=timedelta(seconds=10), description="How long one reading may take.")
    bad_after: int = Field(default=3, ge=1, le=100, description="It is bad after so many bad readings in a row.")
    good_after: int = Field(default=1, ge=1, le=100, description="It is good again after so many better ones in a row.")
    heartbeat_every: int = Field(
        default=60, ge=1, le=100_000, description="An event says how it stands after so many readings without news."
    )
    http: HttpProbe | None = Field(default=None, description="A web address.")
    tcp: TcpProbe | None = Field(default=None, description="A port.")
    tls: TlsProbe | None = Field(default=None, description="A certificate.")
    disk: DiskProbe | None = Field(default=None, description="A file system.")
    load: LoadProbe | None = Field(default=None, description="The load of a host.")
    process: ProcessProbe | None = Field(default=None, description="Processes of a host.")
    log: LogProbe | None = Field(default=None, description="A file that is written.")
    command: CommandProbe | None = Field(default=None, description="A plugin.")

    @property
    def given(self) -> tuple[ProbeKind, ...]:
        """What it says to look at; the site check makes sure that it is one thing."""
        return tuple(kind for kind in ProbeKind if getattr(self, kind.value) is not None)

    @property
    def kind(self) -> ProbeKind:
        """What it looks at."""
        return self.given[0]

    @property
    def what(self) -> What:
        """What exactly it looks at."""
        found: What = getattr(self, self.kind.value)
        return found

    @property
    def patience(self) -> Patience:
        """How many readings in a row it takes."""
        return Patience(self.bad_after, self.good_after, self.heartbeat_every)


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
