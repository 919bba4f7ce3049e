"""Small sites for tests: written as YAML, read by the real loader, put into a real register."""

from datetime import datetime
from pathlib import Path
from textwrap import dedent, indent

from models import clock
from models.database import Database
from models.queries import register
from models.queries.book import Book, read_book
from models.site.loading import load_site
from models.site.site import Entry

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJlB1sVUgQfrAhL0c4lI6WnX9Yp1Yx0v7iFf8gQ4X9zz"
HOSTS = "".join(
    f"  web{n}: {{address: 127.0.0.{n}, tags: [web], rank: {n}, host_keys: ['{HOST_KEY}']}}\n" for n in range(1, 5)
)
CALENDARS = """
calendars:
  freeze:
    windows:
      - {starts: 2026-12-24T00:00:00, ends: 2026-12-27T00:00:00, reason: Christmas freeze}
"""


def write_site(folder: Path, jobs: str, *, hosts: str = HOSTS, calendars: str = CALENDARS) -> Path:
    """A site of one team and four web hosts, with these jobs (the text below `jobs:`)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text("name: test\ntitle: Test\ntimezone: Europe/Berlin\n")
    (folder / "people.yaml").write_text("teams:\n  ops: {title: Operations}\n")
    (folder / "services.yaml").write_text(f"hosts:\n{hosts}")
    (folder / "calendars.yaml").write_text(calendars)
    (folder / "jobs.yaml").write_text(f"jobs:\n{indent(dedent(jobs), '  ')}")
    return folder


_READ: dict[frozenset[tuple[Path, bytes]], list[Entry]] = {}


def entries_of(folder: Path) -> list[Entry]:
    """What a site registers; one with the very same files is read once a process."""
    files = frozenset((path.relative_to(folder), path.read_bytes()) for path in folder.rglob("*") if path.is_file())
    if files not in _READ:
        _READ[files] = load_site(folder).entries()
    return _READ[files]


def apply_site(database: Database, folder: Path, now: datetime | None = None) -> Book:
    """Put a site into the register; gives the book as the planner reads it."""
    with database.write() as session:
        register.apply(session, entries_of(folder), "ann", now or clock.now())
    with database.read() as session:
        return read_book(session)


def job(name: str, more: str = "") -> str:
    """One job in YAML: the keys that every job needs, and more."""
    needed = f"title: {name}\nowner: ops\nrunbook: call ops\non: tag=web\ncommand: [echo, hi]\n"
    return f"{name}:\n{indent(needed + dedent(more), '  ')}\n"
