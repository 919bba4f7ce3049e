"""Every error that Watchbill raises on purpose.

    WatchbillError
    +-- SiteError            the site files say something that cannot be (places inside)
    +-- NotFound             no such job, run, host ...
    +-- MoveRefused          a state change that no table of moves allows
    +-- Refused              policy says no (pause, overlap, blackout, bad parameter)
    +-- StaleClaim           somebody else claimed this run or slot, or its window is over
    +-- HostError            a host did not give a plain answer (fault inside)
    +-- BackupError          a repository or a source did not do what a backup needs (fault inside)
    +-- DatabaseError        the shared database cannot be used as it is
    +-- JournalBroken        the journal does not verify
    +-- EngineError          Prefect, the worker or the supervisor cannot be used as it is

The message names the thing, its state and the next step. `permanent` says that trying again cannot help;
`exit_code` is what the command line ends with (docs/reference/exit-codes.md).
"""

from dataclasses import dataclass

from models.vocabulary import BackupFault, HostFault


class WatchbillError(Exception):
    """Something that Watchbill can name went wrong."""

    permanent = True
    exit_code = 1


@dataclass(frozen=True)
class Place:
    """One fault in a site file: where, and what is allowed there. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.key}: {self.message}"


class SiteError(WatchbillError):
    """The site cannot be used; nothing of it was applied."""

    exit_code = 7

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        super().__init__("\n".join(str(place) for place in places))


class NotFound(WatchbillError):
    """There is no such thing."""

    exit_code = 5


class MoveRefused(WatchbillError):
    """No table of moves allows this change of state."""

    exit_code = 6


class Refused(WatchbillError):
    """Policy refuses this."""

    exit_code = 6


class StaleClaim(WatchbillError):
    """The run was claimed elsewhere, or its time has passed: this attempt must not start."""

    exit_code = 6


class HostError(WatchbillError):
    """A host did not give a plain answer."""

    permanent = False

    def __init__(self, host: str, fault: HostFault, message: str) -> None:
        self.host = host
        self.fault = fault
        super().__init__(f"{host}: {fault.value}: {message}")


class BackupError(WatchbillError):
    """A repository or a source did not do what a backup needs."""

    def __init__(self, what: str, fault: BackupFault, message: str) -> None:
        self.what = what
        self.fault = fault
        self.permanent = fault not in _MAY_PASS
        super().__init__(f"{what}: {fault.value}: {message}")


_MAY_PASS = (BackupFault.LOCKED, BackupFault.UNREACHABLE, BackupFault.SOURCE_FAILED, BackupFault.ENGINE_FAILED)


class DatabaseError(WatchbillError):
    """The shared database cannot be used as it is."""

    permanent = False  # a lock, a full disk or a server that is away may pass


class JournalBroken(WatchbillError):
    """The journal does not verify."""

    def __init__(self, seq: int, message: str) -> None:
        self.seq = seq
        super().__init__(f"journal row {seq}: {message}")


class EngineError(WatchbillError):
    """Prefect, the worker or the supervisor cannot be used as it is."""

    exit_code = 8

    def __init__(self, message: str, *, permanent: bool = True) -> None:
        self.permanent = permanent
        super().__init__(message)
