"""What a person names, found: a job by its name, hosts by a filter; a slip of the pen gets a hint."""

from desk.services.errors import Misuse
from desk.services.small_words import hint
from models.errors import NotFound, Refused
from models.queries.book import Book
from models.rules.node_words import FilterError
from models.rules.nodes import matching, without_match
from models.site.jobs import LOCAL, Job


def known_job(book: Book, name: str) -> Job:
    """One job in force. Raises NotFound, with the name that was probably meant."""
    if name not in book.jobs:
        raise NotFound(f"there is no job {name!r} in force{hint(name, book.jobs)}: see `watchbill job list`")
    return book.jobs[name]


def checked_filter(book: Book, on: str | None) -> str | None:
    """The filter, as it is. Raises Misuse when it cannot be read, Refused when no host matches it."""
    if on is None or on == LOCAL:
        return on
    try:
        if not matching(on, book.nodes):
            slips = "; ".join(without_match(on, book.nodes))
            raise Refused(f"no host matches {on!r}{': ' + slips if slips else ''}; see `watchbill host list`")
    except FilterError as error:
        pointer = " " * (error.column - 1) + "^"
        raise Misuse(f"this node filter cannot be read: {error.message}\n  {on}\n  {pointer}") from None
    return on
