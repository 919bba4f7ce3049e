"""Which servers this machine has. A drill that needs one calls `need`; `make test` prints the list first."""

import os
import shutil
from pathlib import Path

import pytest

USED_FOR = {
    "sshd": "SSH drills and the lab (asyncssh hosts otherwise)",
    "restic": "backups",
    "postgres": "the shared database on PostgreSQL",
    "slapd": "LDAP access",
    "age": "encrypted archives, opened by another program",
    "sqlite3": "SQLite sources on hosts",
    "ip": "hosts in network namespaces",
    "iptables": "cut and half-open lines",
    "prometheus-alertmanager": "a real sender of events, and what their ingest is measured against",
    "nagios4": "a real sender of events",
    "curl": "what senders are told to call",
}
ELSEWHERE = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh"]


def find(name: str) -> Path | None:
    """The program of a server, or None."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *ELSEWHERE]
    if name == "postgres":
        folders += [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return Path(found) if found else None


def need(name: str) -> Path:
    """The program of a server; without it the drill skips, or fails under WATCHBILL_REQUIRE_SERVERS=1."""
    found = find(name)
    if found:
        return found
    if os.environ.get("WATCHBILL_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{name} is not installed, and WATCHBILL_REQUIRE_SERVERS=1")
    pytest.skip(f"{name} is not installed")


def need_root() -> None:
    """Network namespaces and other users need root."""
    if os.geteuid() == 0:
        return
    if os.environ.get("WATCHBILL_REQUIRE_SERVERS") == "1":
        pytest.fail("this drill needs root, and WATCHBILL_REQUIRE_SERVERS=1")
    pytest.skip("this drill needs root")


if __name__ == "__main__":
    for server, use in USED_FOR.items():
        print(f"{server:10} {find(server) or 'not installed, done without'}: {use}")
