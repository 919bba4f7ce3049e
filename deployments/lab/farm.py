"""Lab hosts where no sshd is installed: the process that serves them all, and how the lab steers it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.lab.processes import answers
from models.settings import CHECKOUT

if TYPE_CHECKING:
    from deployments.lab.hosts import LabHost

START_SECONDS = 20
MODULE = "deployments.lab.asyncssh_hosts"


def make_key(path: Path, comment: str) -> str:
    """Make a key pair; the public key as "kind base64"."""
    import asyncssh  # noqa: PLC0415  # half a second that a lab of sshd does not need

    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    key.write_private_key(str(path))
    path.chmod(0o600)
    return " ".join(key.export_public_key().decode().split()[:2])


class Farm:
    """The process that serves every host of the lab."""

    def __init__(self, folder: Path, hosts: Sequence["LabHost"], environments: Mapping[str, Mapping[str, str]]) -> None:
        self.hosts = {host.name: host for host in hosts}
        plan = {
            host.name: {
                "address": host.address,
                "port": host.port,
                "host_key": str(self._host_key(folder, host)),
                "authorized_keys": str(folder / "authorized_keys"),
                "environment": dict(environments[host.name]),
            }
            for host in hosts
        }
        (folder / "plan.json").write_text(json.dumps(plan))
        self._lock = threading.Lock()
        with (folder / "asyncssh.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(folder / "plan.json")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=CHECKOUT,
                start_new_session=True,
            )

    def server(self, name: str) -> "FarmServer":
        """One host of it."""
        return FarmServer(self, name)

    def tell(self, order: str, name: str) -> None:
        """Give an order and wait until it is done. Raises RuntimeError when the process is gone."""
        with self._lock:
            if not self._process.stdin or not self._process.stdout:
                raise RuntimeError("the lab's process has no pipes")
            self._process.stdin.write(f"{order} {name}\n".encode())
            self._process.stdin.flush()
            if self._process.stdout.readline() != b"ok\n":
                raise RuntimeError(
                    f"the lab's asyncssh process cannot {order} {name}: see asyncssh.log beside its keys"
                )

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()

    @staticmethod
    def _host_key(folder: Path, host: "LabHost") -> Path:
        own = host.folder / "host_key"
        return own if own.exists() else folder / "shared_key"


@dataclass(frozen=True)
class FarmServer:
    """One host, as the lab steers it."""

    farm: Farm
    name: str

    def start(self) -> None:
        """Begin to listen."""
        self.farm.tell("start", self.name)

    def wait(self) -> None:
        """Until it greets. Raises RuntimeError when it does not."""
        host = self.farm.hosts[self.name]
        if not answers(host.address, host.port, START_SECONDS):
            raise RuntimeError(f"the lab's host {self.name} does not listen on {host.address}:{host.port}")

    def stop(self) -> None:
        """Refuse connections and cut those that are."""
        self.farm.tell("stop", self.name)

    def sessions(self) -> list[int]:
        """None: it has no process of its own."""
        return []

    def signal(self, number: signal.Signals) -> None:
        """STOP: new connections are taken and left in silence. CONT: served again."""
        self.farm.tell("freeze" if number == signal.SIGSTOP else "thaw", self.name)
