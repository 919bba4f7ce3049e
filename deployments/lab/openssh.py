"""Lab hosts by OpenSSH: one sshd a host, or one for up to sixteen addresses."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployments.lab.processes import answers, descendants, dismiss, end, send, watchdog

START_SECONDS = 10
LISTENERS = 16
"""As many addresses as one sshd listens on."""


def find_sshd() -> Path | None:
    """The sshd of this machine, which is rarely on a user's PATH."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found and shutil.which("ssh-keygen") else None


def make_key(path: Path, comment: str) -> str:
    """Make a key pair; the public key as "kind base64"."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@dataclass(eq=False)
class Sshd:
    """One sshd process with its configuration."""

    binary: Path
    folder: Path
    port: int
    environments: Mapping[str, Mapping[str, str]]  # by address
    authorized_keys: Path
    max_startups: str
    prefix: tuple[str, ...] = ()  # "ip netns exec NAME": for a host in a network of its own
    process: subprocess.Popen[bytes] | None = None
    dog: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it. Raises RuntimeError with its own words when it does not come up; `wait` waits for it."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as the package's own start script does
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        with (self.folder / "sshd.log").open("ab") as log:
            command = [*self.prefix, str(self.binary), "-D", "-e", "-f", str(config)]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.dog = watchdog(self.process.pid)

    def wait(self) -> None:
        """Wait until every address greets. Raises RuntimeError when one does not."""
        for address in self.environments:
            if not answers(address, self.port, START_SECONDS):
                log = (self.folder / "sshd.log").read_text(errors="replace")
                raise RuntimeError(f"the lab's sshd on {address}:{self.port} does not start: {log[-500:]}")

    def stop(self) -> None:
        """End it and every session it serves."""
        if self.dog:
            dismiss(self.dog)
        if self.process:
            sessions = self.sessions()
            end(self.process)
            send(sessions, signal.SIGKILL)
        self.process = self.dog = None

    def sessions(self) -> list[int]:
        """The processes that serve its connections."""
        return descendants(self.process.pid, "sshd") if self.process else []

    def signal(self, number: signal.Signals) -> None:
        """A signal to it and its sessions, not to what they run."""
        if self.process:
            send([self.process.pid, *self.sessions()], number)

    def _config(self) -> str:
        lines = [
            f"Port {self.port}",
            *(f"ListenAddress {address}" for address in self.environments),
            f'HostKey "{self.folder / "host_key"}"',
            f'AuthorizedKeysFile "{self.authorized_keys}"',
            f"MaxStartups {self.max_startups}",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "UseDNS no",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitUserRC no",
            "PrintMotd no",
            "PrintLastLog no",
            "LogLevel ERROR",
        ]
        if _version(self.binary) >= (9, 8):
            lines.append("PerSourcePenalties no")  # every host of the lab has the same source
        for address, environment in self.environments.items():
            if len(self.environments) > 1:
                lines.append(f"Match LocalAddress {address}")
            lines.append("SetEnv " + " ".join(f'"{name}={value}"' for name, value in environment.items()))
        return "\n".join(lines) + "\n"


def _version(binary: Path) -> tuple[int, int]:
    done = subprocess.run([str(binary), "-V"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stdout + done.stderr)
    return (int(found[1]), int(found[2])) if found else (0, 0)
