"""Wake the workers of this machine when there is work, instead of letting them ask all the time.

A wake-up says only "look now"; it is lost without harm, because every worker also looks every two seconds.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


def wake(settings_home: Path) -> int:
    """Wake every worker of this home; answers how many heard it. Never waits and never fails."""
    heard = 0
    for path in sorted((settings_home / "wake").glob("*.sock")):
        with contextlib.suppress(OSError):
            heard += _tell(path)
    return heard


def is_listening(settings_home: Path) -> bool:
    """Whether a worker of this home is up: it listens from the moment that it takes runs."""
    return any(_pid_is_there(path) for path in (settings_home / "wake").glob("*.sock"))


def _pid_is_there(path: Path) -> bool:
    return Path(f"/proc/{path.stem}").exists()


def _tell(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            with _short(path) as address:
                sender.sendto(b"work", address)
        except ConnectionRefusedError:
            # A worker that was killed left its socket behind.
            path.unlink(missing_ok=True)
            return 0
        except BlockingIOError:
            # So many wake-ups wait already that one more says nothing new.
            return 1
    return 1


@contextlib.contextmanager
def wake_socket(settings_home: Path) -> Iterator[socket.socket]:
    """The socket on which this process is woken; only its own user can write to it."""
    folder = settings_home / "wake"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{os.getpid()}.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        with _short(path) as address:
            receiver.bind(address)
        path.chmod(0o600)
        receiver.setblocking(False)
        try:
            yield receiver
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The path by way of its folder's descriptor: a socket's address ends at 107 bytes, a home may be deeper."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
