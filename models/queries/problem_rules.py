"""How the site in force handles problems, as the rules take it; read once for each change of the register."""

from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.queries import register
from models.rules.problems import ProblemRules
from models.site.problems import ProblemHandling
from models.site.site import from_spec

_handlings: WeakKeyDictionary[Engine, tuple[int, ProblemHandling]] = WeakKeyDictionary()


def read_handling(session: Session) -> ProblemHandling:
    """What problems.yaml says; the usual where there is none."""
    engine, revision = session.connection().engine, register.revision(session)
    known = _handlings.get(engine)
    if known is None or known[0] != revision:
        rows = register.in_force(session, "problems")
        known = (revision, from_spec("problems", rows[0].spec) if rows else ProblemHandling())
        _handlings[engine] = known
    return known[1]


def read_rules(session: Session) -> ProblemRules:
    """The same for the moves."""
    handling = read_handling(session)
    return ProblemRules(
        watch_for=handling.watch,
        close_after=handling.close_after,
        review_priorities=frozenset(handling.review.priorities),
        review_within=handling.review.within,
    )
