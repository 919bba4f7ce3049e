"""The same request on this machine, by a process of its own session instead of a line."""

import os
import pwd
import selectors
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.shapes import Target
from tasks.tools.ssh.wire import Answer, Reading, Request, wrapper

SHELL = "/bin/sh"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def exchange(target: Target, request: Request, until: float, on_sent: Callable[[], None]) -> Answer:
    """Run the wrapper here and wait, to a monotonic time, for its answer. Raises HostError."""
    environment = surroundings()
    try:
        process = subprocess.Popen(
            [SHELL, "-c", wrapper(), "watchbill"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=environment["HOME"],
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(target.name, HostFault.UNUSABLE, f"no process could be started here: {error}") from error
    on_sent()
    feeder = Thread(target=_feed, args=(process, request.line() + request.payload), daemon=True)
    feeder.start()
    try:
        return _read(target, process, Reading(request.tag), until)
    finally:
        # The shell outlives its answer by a few system calls; one that still waits must not be waited for.
        if process.stdout:
            process.stdout.close()
        Thread(target=process.wait, daemon=True).start()


def surroundings() -> dict[str, str]:
    """What a login would give, and nothing of ours: our environment may hold what a job must not see."""
    person = pwd.getpwuid(os.getuid())
    home = person.pw_dir if Path(person.pw_dir).is_dir() else "/"
    environment = {"HOME": home, "USER": person.pw_name, "LOGNAME": person.pw_name, "PATH": PATH, "SHELL": "/bin/sh"}
    return environment | {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TZ")}


def _feed(process: subprocess.Popen[bytes], payload: bytes) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(payload)
        process.stdin.close()
    except BrokenPipeError:
        return


def _read(target: Target, process: subprocess.Popen[bytes], reading: Reading, until: float) -> Answer:
    if process.stdout is None:
        raise ValueError("the process has no output to read")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                raise HostError(target.name, HostFault.LOST, "the wrapper ended without an answer")
            if reading.feed(piece):
                return reading.answer()
    raise HostError(target.name, HostFault.HANGS, "the wrapper gave no answer in time")
