"""What the lab must know of this machine's processes, from /proc."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

POLL_SECONDS = 0.02


def marked(mark: str) -> list[int]:
    """Every process that has this word in the environment it was started with."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def descendants(pid: int, name: str) -> list[int]:
    """Every process below this one whose name starts so."""
    parents: dict[int, list[tuple[int, str]]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words, _, rest = (folder / "stat").read_text(errors="replace").rpartition(")")
            parents.setdefault(int(rest.split()[1]), []).append((int(folder.name), words.partition("(")[2]))
    found, todo = [], [pid]
    while todo:
        for child, called in parents.get(todo.pop(), []):
            todo.append(child)
            if called.startswith(name):
                found.append(child)
    return found


def send(pids: list[int], number: signal.Signals) -> None:
    """A signal to each that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process of ours, stopped or not, and reap it."""
    if process.poll() is None:
        send([process.pid], signal.SIGCONT)
        process.terminate()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def end_marked(mark: str) -> None:
    """End whatever was started in the lab and is left, until nothing is."""
    limit = time.monotonic() + 5
    while (left := marked(mark)) and time.monotonic() < limit:
        send(left, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def watchdog(pid: int) -> subprocess.Popen[bytes]:
    """A shell that ends a process when we are gone, even by kill -9: it waits for its standard input to end."""
    script = 'read -r _; kill -CONT "$1"; kill "$1"'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "watchdog", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(dog: subprocess.Popen[bytes]) -> None:
    """Send a watchdog home without a bite."""
    dog.kill()
    dog.wait()
    if dog.stdin:
        dog.stdin.close()


def free_port(address: str) -> int:
    """A port that nobody listens on now."""
    with socket.create_server((address, 0)) as server:
        return int(server.getsockname()[1])


def answers(address: str, port: int, seconds: float) -> bool:
    """Does somebody greet there as an SSH server, within so many seconds?"""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1) as pipe:
            if pipe.recv(4) == b"SSH-":
                return True
        time.sleep(POLL_SECONDS)
    return False
