"""Hosts of a lab as targets of the SSH tool, and commands with keys of their own."""

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from deployments.lab import LabHost
from models import clock
from tasks.tools.ssh import OwnedCommand, Target

_numbers = itertools.count(1)


def as_target(host: LabHost, **changes: Any) -> Target:
    """A lab host as the tool needs it."""
    target = Target(
        name=host.name,
        address=host.address,
        port=host.port,
        user=host.user,
        key_file=host.key_file,
        host_keys=(host.host_key,),
        run_directory=host.run_directory,
    )
    return replace(target, **changes)


def new_key() -> str:
    """A key that no other test used."""
    return f"{clock.now():%Y%m%d}/TEST{os.getpid()}-{next(_numbers)}"


def command(*argv: str, seconds: int = 30, **more: Any) -> OwnedCommand:
    """An owned command with a key of its own."""
    return OwnedCommand(more.pop("key", None) or new_key(), argv, seconds, **more)


def shell(text: str, seconds: int = 30, **more: Any) -> OwnedCommand:
    """A shell command line as an owned command."""
    return command("sh", "-c", text, seconds=seconds, **more)


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to come true. Raises AssertionError when it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"it did not come true within {seconds} s")
        time.sleep(0.02)
