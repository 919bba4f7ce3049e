"""This machine: Python, pinned libraries, SQLite, disk, tools."""

import importlib.metadata
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deployments.engine.prefect_environment import PINS
from desk.services.checkups.finding import Finding, fail, warn, well
from models.settings import Settings

OLDEST_PYTHON = (3, 11)
SAFE_SQLITE = (3, 51, 3)
GIB = 1024**3
TOOLS = {
    "ssh": ("-V", "hosts with `transport: ssh`, and restic over sftp"),
    "sshd": ("-V", "the lab's hosts"),
    "restic": ("version", "backups"),
    "psql": ("--version", "looking into PostgreSQL by hand"),
}
ELSEWHERE = "/usr/sbin:/sbin:/usr/local/sbin"


def look(settings: Settings) -> Iterator[Finding]:
    """Everything that needs no database."""
    yield _python()
    yield from _pins()
    yield from _sqlite(settings)
    yield _disk(settings.home)
    yield from (_tool(name) for name in TOOLS)


def _python() -> Finding:
    version = sys.version.split()[0]
    if sys.version_info < OLDEST_PYTHON:
        return fail("python", f"{version} is too old", "install Python 3.11 or newer, then `make install`")
    return well("python", version)


def _pins() -> Iterator[Finding]:
    for package, (allowed, why) in PINS.items():
        try:
            installed = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield fail(package, "is not installed", "`make install`")
            continue
        if installed in allowed:
            yield well(package, installed)
        else:
            yield fail(package, f"{installed}: {why}", f"`make install`, or `pip install '{package}{allowed}'`")


def _sqlite(settings: Settings) -> Iterator[Finding]:
    if not settings.url().startswith("sqlite"):
        return
    version = sqlite3.sqlite_version
    if tuple(int(part) for part in version.split(".")) >= SAFE_SQLITE:
        yield well("sqlite", version)
        return
    safe = ".".join(map(str, SAFE_SQLITE))
    yield warn(
        "sqlite",
        f"{version}: two processes that write at once can damage the file (very rare; Watchbill queues its writers)",
        f"run with SQLite {safe} or newer, or use PostgreSQL",
    )


def _disk(home: Path) -> Finding:
    folder = next(path for path in (home.resolve(), *home.resolve().parents) if path.exists())
    usage = shutil.disk_usage(folder)
    text = f"{usage.free / GIB:.1f} GiB free of {usage.total / GIB:.0f} at {home}"
    if usage.free < GIB / 4:
        return fail("disk", text, "free space now: runs and reports cannot be recorded on a full disk")
    if usage.free < 2 * GIB or usage.free < usage.total / 20:
        return warn("disk", text, "free space, or move the home to a larger disk")
    return well("disk", text)


def _tool(name: str) -> Finding:
    option, use = TOOLS[name]
    found = shutil.which(name) or shutil.which(name, path=ELSEWHERE)
    if found is None:
        return well(name, f"not installed, done without (it is for {use})")
    try:
        done = subprocess.run([found, option], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return warn(name, f"{found} does not answer: {error}", f"install {name} anew")
    lines = (done.stdout or done.stderr).strip().splitlines()
    return well(name, f"{lines[-1].strip()[:60] if lines else found}")
