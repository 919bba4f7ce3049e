"""The words of backups and restore points."""

from enum import StrEnum


class BackupFault(StrEnum):
    """Why a backup, a check, a copy or a restore did not do what it should."""

    NO_REPOSITORY = "repository missing"
    WRONG_PASSWORD = "wrong password"  # noqa: S105  # words for people
    LOCKED = "repository locked"  # by an owner that lives, or cannot be asked
    TARGET_FULL = "target full"
    NO_POINT = "restore point missing"
    DAMAGED = "repository damaged"
    UNREACHABLE = "repository unreachable"
    SOURCE_MISSING = "source missing"
    SOURCE_EMPTY = "source empty"
    SOURCE_SHRANK = "source shrank"
    SOURCE_UNREADABLE = "source unreadable"  # all or part of it
    SOURCE_FAILED = "source failed"  # its command or its line ended badly
    WRONG_VERSION = "wrong version"  # of the dump, against its server
    NO_ENGINE = "engine missing"
    OLD_ENGINE = "engine too old"
    ENGINE_FAILED = "engine failed"  # it ended badly, and only its own words say why
    TOO_LARGE = "too large"  # a restore past its limits of size or count
    UNSAFE = "unsafe archive"  # a restore that would leave its folder
    DIFFERS = "restored and different"
    HOOK = "hook failed"
    REFUSED_BY_US = "refused by us"


class PointState(StrEnum):
    """What is known of a restore point. Each state is more than the one before; only a proof makes one count."""

    TAKEN = "taken"  # the engine said so
    LISTED = "listed"  # seen in the repository
    READ_CHECKED = "read-checked"  # all its data was read back without an error
    PROVEN = "proven"  # restored and compared
    EXPIRED = "expired"  # removed by retention
    BAD = "bad"  # lost, damaged, or different when restored


class Health(StrEnum):
    """What a plan is worth today; the reason is beside it."""

    GREEN = "green"
    AMBER = "amber"  # the promise may still hold, but something about it is not proven or not in order
    RED = "red"


class AnomalyKind(StrEnum):
    """What about a restore point is not as usual."""

    SIZE = "size"
    FILES = "files"
    DURATION = "duration"
    CHANGE = "change rate"
