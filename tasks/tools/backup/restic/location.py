"""Where a repository is, and the environment that restic reaches it by: secrets are never arguments."""

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.ssh.shapes import Target

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_ON = ("HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CONNECT_SECONDS = 20
_REMOTE = re.compile(r"^(sftp|s3|rest|b2|azure|gs|swift|rclone):")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\"']+")


@dataclass(frozen=True)
class Repository:
    """A restic repository as the site names it."""

    name: str
    where: str
    """A folder of this machine, or what restic calls a repository."""
    password: str = field(repr=False)
    folder: Path
    """Of this machine, for this repository alone: cache, manifests, the list of partial points."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What its service needs: AWS_SECRET_ACCESS_KEY, RESTIC_REST_PASSWORD."""
    host: Target | None = None
    """With sftp: whose account, key and pinned keys are used."""
    create: bool = False
    lock_wait_seconds: int = 0
    """How long to wait for a lock, where restic can wait (0.16 and newer)."""

    @property
    def local(self) -> Path | None:
        """The folder of a repository on this machine."""
        return None if _REMOTE.match(self.where) else Path(self.where.removeprefix("local:"))

    def shown(self) -> str:
        """Where it is, for people: without a password, should one be in the address."""
        return re.sub(r"//[^/@\s]*@", "//***@", self.where)


def environment(repository: Repository, source: Repository | None = None) -> dict[str, str]:
    """What restic is told about a repository, and of a copy's source. Raises BackupError when it cannot be told."""
    told = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    told |= {"PATH": PATH, "LC_ALL": "C", "TZ": "UTC", "RESTIC_PROGRESS_FPS": "4"}
    told["RESTIC_CACHE_DIR"] = os.fspath(repository.folder / "cache")
    told |= _variables([repository] + ([source] if source else []))
    told |= {"RESTIC_REPOSITORY": address(repository), "RESTIC_PASSWORD": repository.password}
    if source:
        told |= {"RESTIC_FROM_REPOSITORY": address(source), "RESTIC_FROM_PASSWORD": source.password}
    hosts = [each.host for each in (repository, source) if each and each.host and each.where.startswith("sftp:")]
    if hosts:
        told["PATH"] = f"{_ssh(repository.folder, hosts)}:{told['PATH']}"
    return told


def _variables(repositories: Iterable[Repository]) -> dict[str, str]:
    found: dict[str, str] = {}
    for repository in repositories:
        for name, value in repository.variables.items():
            if found.setdefault(name, value) != value:
                raise BackupError(
                    repository.name,
                    BackupFault.REFUSED_BY_US,
                    f"both repositories need {name}, with different values, and restic reads one; use one account "
                    "that reaches both, or another kind of repository for the copy",
                )
    return found


def address(repository: Repository) -> str:
    """The repository as restic is told it. Raises BackupError."""
    if not repository.where.startswith("sftp:"):
        return repository.where
    if repository.host is None:
        raise BackupError(
            repository.name,
            BackupFault.REFUSED_BY_US,
            "an sftp repository needs `host:` in backups.yaml, so that its host key is pinned",
        )
    rest = repository.where.removeprefix("sftp:")
    path = urlsplit(rest).path.removeprefix("/") if rest.startswith("//") else rest.partition(":")[2]
    if not path:
        raise BackupError(
            repository.name, BackupFault.NO_REPOSITORY, f"{repository.shown()} names no folder; write sftp:HOST:/FOLDER"
        )
    return f"sftp:{alias(repository.host)}:{path}"


def alias(host: Target) -> str:
    """The name by which ssh looks its pinned keys up."""
    return f"watchbill-{host.name}"


def _ssh(folder: Path, hosts: Iterable[Target]) -> Path:
    """A folder with an `ssh` that knows these hosts by their pinned keys, and nobody else.

    A folder in front of the PATH, because `-o sftp.command` is one for both repositories of a copy.
    """
    ssh = shutil.which("ssh", path=PATH)
    if ssh is None:
        raise BackupError("ssh", BackupFault.NO_ENGINE, "restic reaches sftp by it; install openssh-client")
    chain = {each.name: each for host in hosts for each in _with_jumps(host)}
    folder = folder / "ssh" / "+".join(sorted(chain))  # a copy's is not that of its target alone
    bin_folder = folder / "bin"
    bin_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = [f"{alias(each)} {key}" for each in chain.values() for key in each.host_keys]
    known_hosts, config = folder / "known_hosts", folder / "config"
    _write(known_hosts, "".join(f"{line}\n" for line in known), 0o600)
    _write(config, "\n".join(_host_lines(each, known_hosts) for each in chain.values()), 0o600)
    _write(bin_folder / "ssh", f'#!/bin/sh\nexec {shlex.quote(ssh)} -F {shlex.quote(str(config))} "$@"\n', 0o700)
    return bin_folder


def _with_jumps(host: Target) -> list[Target]:
    return [host, *(_with_jumps(host.jump) if host.jump else [])]


def _host_lines(host: Target, known_hosts: Path) -> str:
    settings = {
        "HostName": host.address,
        "Port": str(host.port),
        "User": host.user,
        "HostKeyAlias": alias(host),
        "UserKnownHostsFile": f'"{known_hosts}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "ForwardAgent": "no",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": "10",
        "ServerAliveCountMax": "3",
        "LogLevel": "ERROR",
    }
    if host.key_file:
        settings["IdentityFile"] = f'"{host.key_file}"'
    if host.jump:
        settings["ProxyJump"] = alias(host.jump)
    for name, value in settings.items():
        if not _PLAIN.fullmatch(value.strip('"')):
            raise BackupError(host.name, BackupFault.REFUSED_BY_US, f"its {name} {value!r} cannot be told to ssh")
    return f"Host {alias(host)}\n" + "".join(f"  {name} {value}\n" for name, value in settings.items())


def _write(path: Path, text: str, mode: int) -> None:
    """Replaced as a whole: another restic may be reading it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    fresh.touch(mode)
    fresh.write_text(text)
    fresh.replace(path)
