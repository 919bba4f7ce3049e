"""What is asked of a host, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models.vocabulary import HostFault, Outcome
from tasks.tools.capture import Kept


@dataclass(frozen=True)
class Target:
    """One host, as the tool needs it."""

    name: str
    address: str = "127.0.0.1"
    port: int = 22
    user: str = "watchbill"
    key_file: Path | None = None
    host_keys: tuple[str, ...] = ()  # "ssh-ed25519 AAAA..."; without one there is no connection
    jump: "Target | None" = None
    run_directory: str = ".watchbill"  # on the host, relative to the login's home or absolute
    connection: str = "ssh"  # ssh | local
    transport: str = "paramiko"  # paramiko | ssh: by which streams and files go
    slots: int = 4  # owned commands at once on this host, whoever asks


@dataclass(frozen=True)
class OwnedCommand:
    """One command that the host itself ends at its deadline and whose exit code the host keeps."""

    key: str  # "20261121/RUN000012-web1-1": the day first, for the clean-up; used once, for ever
    argv: tuple[str, ...]
    deadline_seconds: int
    script: bytes | None = None  # stored on the host and run with argv as its arguments
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # environment too; by stdin only
    lock: str | None = None  # on the host, one command at a time
    lock_wait_seconds: int = 0
    kill_grace_seconds: int = 5
    repeat: bool = False  # may it be started once more when the host lost it


@dataclass(frozen=True)
class CommandResult:
    """How an owned command ended on one host."""

    host: str
    outcome: Outcome
    fault: HostFault | None
    exit_code: int | None
    started_at: datetime
    ended_at: datetime
    stdout: Kept
    stderr: Kept
    message: str  # one line for people
    attached: bool = False  # it had been started before, by a controller that died


@dataclass(frozen=True)
class KillProof:
    """What became of a command that somebody wanted to end."""

    host: str
    outcome: Outcome  # killed, kill unconfirmed, or its own one when it had ended before
    signals: tuple[str, ...]
    gone: bool  # read twice: nobody of its group and nobody with its mark
    survivors: tuple[str, ...]  # "number:name"
    message: str
    escaped: tuple[str, ...] = ()  # "number:name" of those that had left its group
