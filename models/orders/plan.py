"""The plan of a run: what is done where, in which waves. Made when the run is queued, kept with it, shown by a dry run.

Secrets stand in it only as references; they are resolved by the worker at the last moment.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.rules.batch import Batch
from models.rules.retries import Retry


class PlannedHost(BaseModel):
    """How to reach one host. Paths are as the site says them; the worker finds them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    address: str = "127.0.0.1"
    port: int = 22
    user: str = "watchbill"
    key: str | None = None
    host_keys: tuple[str, ...] = ()
    jump: str | None = None
    run_directory: str = ".watchbill"
    connection: str = "ssh"
    transport: str = "paramiko"
    slots: int = 4


class PlannedCommand(BaseModel):
    """The command, rendered: the same bytes on every host."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    argv: tuple[str, ...] = Field(description="Program and arguments; with a script, its name and arguments.")
    script: str | None = Field(default=None, description="Text of a script that is sent along.")
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict, description="Environment name to secret://name.")
    deadline_seconds: int
    lock: str | None = None
    lock_wait_seconds: int = 0
    repeat: bool = False


class PlannedFile(BaseModel):
    """A file that must be there before the first wave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    path: str
    up_to_seconds: int


class RunPlan(BaseModel):
    """Everything a worker needs to carry out a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: str
    command: PlannedCommand | None = None
    waves: tuple[tuple[str, ...], ...] = ()
    hosts: dict[str, PlannedHost] = Field(
        default_factory=dict, description="All that is reached: targets, jumps, the file's."
    )
    batch: Batch = Batch()
    retry: Retry = Retry()
    wait_for_file: PlannedFile | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    flow: str | None = Field(default=None, description="Another flow than run_job, with its own order.")
    order: dict[str, Any] = Field(default_factory=dict)
    specs: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="`kind/name`: the site's entries that the flow works by, as they were then."
    )

    @property
    def host_names(self) -> tuple[str, ...]:
        """The hosts that the job runs on, in the order of its waves."""
        return tuple(host for wave in self.waves for host in wave)

    def only(self, hosts: set[str]) -> "RunPlan":
        """The same plan for fewer hosts, for a retry."""
        waves = tuple(kept for wave in self.waves if (kept := tuple(host for host in wave if host in hosts)))
        return self.model_copy(update={"waves": waves})
