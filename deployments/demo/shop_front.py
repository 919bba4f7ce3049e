"""The shop's front: a small web server on the host web1, which a probe looks at and a job restarts."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployments.lab.processes import free_port
from models.settings import CHECKOUT

SCRIPT = CHECKOUT / "deployments" / "sites" / "night" / "scripts" / "restart-shop-front.sh"
JOB, PROBE = "restart-shop-front", "shop-front"
QUICK = {"every": "10s", "bad_after": 2, "good_after": 1}
"""A minute of the night is too short to wait for three readings a minute apart."""


class ShopFront:
    """Where it is, and the process that serves it: one of ours, or of the job that restarts it."""

    def __init__(self, host: Path) -> None:
        self.folder = host / "shop-front"
        self.port = free_port("127.0.0.1")

    @property
    def environment(self) -> dict[str, str]:
        """What its script has to know."""
        return {"SHOP_FRONT": str(self.folder), "SHOP_FRONT_PORT": str(self.port)}

    def place(self, job: dict[str, Any], probe: dict[str, Any]) -> None:
        """Write where it is into the entries of its job and its probe."""
        job["environment"] = self.environment
        probe["http"]["url"] = f"http://127.0.0.1:{self.port}/"
        probe.update(QUICK)

    def start(self) -> None:
        """As the host does when it starts. Raises CalledProcessError when it does not answer."""
        subprocess.run([SCRIPT], env={**os.environ, **self.environment}, check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """From here on it runs; in the end nothing of it is left."""
        self.start()
        try:
            yield
        finally:
            self.crash()

    def crash(self) -> int:
        """kill -9. Gives the process's number."""
        process = int((self.folder / "pid").read_text(encoding="ascii"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return process
