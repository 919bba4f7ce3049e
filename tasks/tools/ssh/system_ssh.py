"""The system's own ssh as a faster transport: the same key, the same pinned host keys, nobody's configuration."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.line import AUTH_SECONDS, CONNECT_SECONDS, KNOCK_SECONDS, KNOCKS_UNHEARD, load_pins
from tasks.tools.ssh.shapes import Target

_CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr"
_KEX = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384"
_FAULTS = (
    ("Host key verification failed", HostFault.WRONG_KEY),
    ("host key", HostFault.WRONG_KEY),
    ("Permission denied", HostFault.AUTH),
    ("Connection refused", HostFault.REFUSED),
    ("timed out", HostFault.UNREACHABLE),
    ("No route to host", HostFault.UNREACHABLE),
    ("unreachable", HostFault.UNREACHABLE),
    ("Could not resolve", HostFault.UNREACHABLE),
)
_ALIAS = "watchbill-target"


def fault_of(said: str) -> HostFault:
    """What ssh's last words mean."""
    return next((fault for words, fault in _FAULTS if words in said), HostFault.LOST)


@contextmanager
def command(target: Target, line: bytes) -> Iterator[list[str | bytes]]:
    """The command line that runs a line on the target; its file of pins lives as long. Raises HostError."""
    binary = shutil.which("ssh")
    if binary is None:
        problem = "ssh is not installed on this machine: choose the transport paramiko; nothing was sent"
        raise HostError(target.name, HostFault.REFUSED_BY_US, problem)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchbill-")))
        yield [*_words(binary, target, folder, 0), line]


def _words(binary: str, target: Target, folder: Path, depth: int) -> list[str | bytes]:
    """ssh with everything it may know; a jump host is an ssh of its own with pins of its own."""
    pins = load_pins(target)
    if target.key_file is None:
        raise HostError(target.name, HostFault.REFUSED_BY_US, "no key file is set; nothing was sent")
    known = folder / f"known_hosts_{depth}"
    known.write_text("".join(f"{_ALIAS} {pin}\n" for pin in target.host_keys))
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": f'"{target.key_file}"',
        "UserKnownHostsFile": f'"{known}"',
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": _ALIAS,
        "HostKeyAlgorithms": ",".join(_signatures(list(pins))),
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "VerifyHostKeyDNS": "no",
        "PreferredAuthentications": "publickey",
        "KexAlgorithms": _KEX,
        "Ciphers": _CIPHERS,
        "ControlMaster": "no",
        "ControlPath": "none",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "Compression": "no",
        "ConnectTimeout": str(CONNECT_SECONDS + AUTH_SECONDS),
        "ServerAliveInterval": str(KNOCK_SECONDS + 2),
        "ServerAliveCountMax": str(KNOCKS_UNHEARD),
        "LogLevel": "ERROR",
    }
    words: list[str | bytes] = [binary, "-F", "none", "-T", "-p", str(target.port), "-l", target.user]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    if target.jump:
        through = [str(word) for word in _words(binary, target.jump, folder, depth + 1)]
        address, port = target.address, target.port
        inner = [*through[:-1], "-W", f"[{address}]:{port}", through[-1]]
        # ssh reads % in it as a sign of its own.
        words += ["-o", f"ProxyCommand={shlex.join(inner).replace('%', '%%')}"]
    return [*words, "--", target.address] if not depth else [*words, target.address]


def _signatures(kinds: list[str]) -> list[str]:
    return [name for kind in kinds for name in (("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,))]
