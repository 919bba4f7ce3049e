"""The hosts in force, and how their last command ended."""

from dataclasses import dataclass

from desk.services.choosing import checked_filter
from models.database import Database
from models.queries import desk_hosts
from models.queries.book import Book, read_book
from models.queries.desk_hosts import LastStep
from models.queries.run_plans import hosts_of
from models.rules.nodes import matching
from models.site.jobs import Job


@dataclass(frozen=True)
class HostEntry:
    """One host of the list. Keys are not shown: their files are the site's business."""

    name: str
    title: str | None
    connection: str
    address: str | None
    port: int
    user: str
    jump: str | None
    tags: tuple[str, ...]
    attributes: dict[str, str]
    service: str | None
    rank: int
    slots: int
    pinned_keys: int
    jobs: tuple[str, ...]
    last: LastStep | None


def list_hosts(database: Database, on: str | None) -> tuple[HostEntry, ...]:
    """The hosts that a filter selects, or all, by name. Raises Misuse, Refused when none matches."""
    with database.read() as session:
        book = read_book(session)
        chosen = matching(checked_filter(book, on) or "*", book.nodes) if book.hosts else []
        last = desk_hosts.last_steps(session)
    jobs = {name: frozenset(_hosts_of(book, job)) for name, job in book.jobs.items()}
    return tuple(_entry(book, name, jobs, last.get(name)) for name in chosen)


def _hosts_of(book: Book, job: Job) -> list[str]:
    """None for a flow; a filter of the site matches at least one host, which its check made sure of."""
    return [] if job.flow else hosts_of(book, job)


def _entry(book: Book, name: str, jobs: dict[str, frozenset[str]], last: LastStep | None) -> HostEntry:
    host = book.hosts[name]
    return HostEntry(
        name=name,
        title=host.title,
        connection=host.connection.value,
        address=host.address,
        port=host.port,
        user=host.user,
        jump=host.jump,
        tags=tuple(sorted(host.tags)),
        attributes=dict(host.attributes),
        service=host.service,
        rank=host.rank,
        slots=host.slots,
        pinned_keys=len(host.host_keys),
        jobs=tuple(sorted(job for job, hosts in jobs.items() if name in hosts)),
        last=last,
    )
