"""`with Lab(folder, hosts=8) as lab:` starts SSH hosts on loopback and ends all of it afterwards."""

import getpass
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from deployments.lab import farm, openssh
from deployments.lab.processes import end_marked, free_port

GROUPED_FROM = 17
"""From so many hosts on they share sshd processes, each host an address of its own."""
PATIENT = "1000:30:2000"


@dataclass(frozen=True)
class LabHost:
    """One host of the lab, as plain data."""

    name: str
    address: str
    port: int
    user: str
    key_file: Path
    host_key: str  # "ssh-ed25519 AAAA..."
    run_directory: str
    folder: Path
    attributes: Mapping[str, str] = field(default_factory=dict)


class Server(Protocol):
    """What serves one host, or several that share it."""

    def start(self) -> None:
        """Begin to listen."""

    def wait(self) -> None:
        """Until it greets."""

    def stop(self) -> None:
        """Refuse connections and cut those that are."""

    def sessions(self) -> list[int]:
        """The processes that serve connections."""

    def signal(self, number: signal.Signals) -> None:
        """To it and its sessions."""


class Lab:
    """Real SSH hosts on this machine, each with its own port, key, home and run directory."""

    def __init__(
        self,
        folder: Path,
        hosts: int | Sequence[str] = 8,
        *,
        max_startups: str = "10:30:100",
        kind: str | None = None,
    ) -> None:
        """`kind` ("OpenSSH sshd" or "asyncssh") forces what is otherwise chosen by what is installed."""
        self.folder = folder.resolve()
        self.names = [f"host{number}" for number in range(1, hosts + 1)] if isinstance(hosts, int) else list(hosts)
        self.hosts: list[LabHost] = []
        self.mark = f"WATCHBILL_LAB={secrets.token_hex(8)}"
        self._sshd = openssh.find_sshd() if kind in (None, "OpenSSH sshd") else None
        if kind == "OpenSSH sshd" and not self._sshd:
            raise RuntimeError("OpenSSH's sshd and ssh-keygen are not installed")
        self.kind = "OpenSSH sshd" if self._sshd else "asyncssh"
        self.grouped = len(self.names) >= GROUPED_FROM
        self._max_startups = PATIENT if self.grouped else max_startups
        self._servers: dict[str, Server] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def host(self, name: str) -> LabHost:
        """The host of that name. Raises KeyError."""
        return {host.name: host for host in self.hosts}[name]

    def stop_host(self, name: str) -> None:
        """From now on its port refuses, and its connections are cut."""
        self._own_server(name).stop()

    def start_host(self, name: str) -> None:
        """Start it again after `stop_host`."""
        server = self._own_server(name)
        server.start()
        server.wait()

    def freeze_host(self, name: str) -> None:
        """It still takes connections, and says nothing more."""
        self._own_server(name).signal(signal.SIGSTOP)

    def thaw_host(self, name: str) -> None:
        """It speaks again."""
        self._own_server(name).signal(signal.SIGCONT)

    def sessions(self, name: str) -> list[int]:
        """The processes that serve its connections (none with asyncssh: one process serves all)."""
        return self._own_server(name).sessions()

    def _own_server(self, name: str) -> Server:
        if self.grouped:
            raise RuntimeError(f"{name} shares its sshd with other hosts: make a lab of fewer than {GROUPED_FROM}")
        return self._servers[name]

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        make_key = openssh.make_key if self._sshd else farm.make_key
        self._ending.callback(end_marked, self.mark)
        user_key = self.folder / "user_key"
        public = make_key(user_key, "watchbill lab")
        authorized = self.folder / "authorized_keys"
        authorized.write_text(public + "\n")
        plan = self._addresses(make_key, user_key)
        for server in self._serve(plan, authorized):
            self._ending.callback(server.stop)
            server.start()
        for server in set(self._servers.values()):
            server.wait()

    def _addresses(self, make_key: Callable[[Path, str], str], user_key: Path) -> list[LabHost]:
        port = free_port("127.0.0.1")
        shared = self.folder / "shared_key"
        shared_key = make_key(shared, "watchbill lab") if self.grouped else ""
        for number, name in enumerate(self.names, start=1):
            folder = self.folder / name
            (folder / "home").mkdir(parents=True, exist_ok=True)
            host_key = shared_key or make_key(folder / "host_key", name)
            self.hosts.append(
                LabHost(
                    name=name,
                    address=f"127.0.1.{number}" if self.grouped else "127.0.0.1",
                    port=port if self.grouped else free_port("127.0.0.1"),
                    user=getpass.getuser(),
                    key_file=user_key,
                    host_key=host_key,
                    run_directory=str(folder / "watchbill"),
                    folder=folder,
                    attributes={"lab": self.kind, "number": str(number)},
                )
            )
        return self.hosts

    def environment(self, host: LabHost) -> dict[str, str]:
        """What a command on that host finds in its environment, beside the usual."""
        name, _, value = self.mark.partition("=")
        return {name: value, "WATCHBILL_LAB_HOST": host.name, "HOME": str(host.folder / "home")}

    def _serve(self, hosts: list[LabHost], authorized: Path) -> list[Server]:
        servers: list[Server] = []
        if not self._sshd:
            serving = farm.Farm(self.folder, hosts, {host.name: self.environment(host) for host in hosts})
            self._ending.callback(serving.close)
            servers = [serving.server(host.name) for host in hosts]
            self._servers = dict(zip(self.names, servers, strict=True))
            return servers
        size = openssh.LISTENERS if self.grouped else 1
        for start in range(0, len(hosts), size):
            group = hosts[start : start + size]
            folder = group[0].folder
            if self.grouped:
                (folder / "host_key").write_bytes((self.folder / "shared_key").read_bytes())
                (folder / "host_key").chmod(0o600)
            environments = {host.address: self.environment(host) for host in group}
            server = openssh.Sshd(self._sshd, folder, group[0].port, environments, authorized, self._max_startups)
            servers.append(server)
            self._servers.update({host.name: server for host in group})
        return servers
