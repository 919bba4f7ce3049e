"""One of many that are looked after in one transaction: what it cannot do for itself must not stop the others."""

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from models.errors import MoveRefused, NotFound, Refused
from models.queries import journal

log = logging.getLogger("watchbill")
OF_ITS_OWN = (MoveRefused, NotFound, Refused, ValueError)
"""What concerns one thing only; a database that is away concerns all, and is raised."""


def attempt(session: Session, what: str, act: Callable[[], object]) -> str | None:
    """Do something about one thing, all of it or nothing. Gives why it could not be done; None: it was.

    `what` names the thing in the log.
    """
    queued = journal.queued(session)
    try:
        with session.begin_nested():
            act()
    except OF_ITS_OWN as error:
        journal.unqueue(session, queued)
        session.expire_all()  # a move is written past the objects: they would still say what was rolled back
        log.warning("%s cannot be looked after: %s", what, error)
        return str(error)
    return None
