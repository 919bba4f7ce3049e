"""What happens to that which an approval is about, when the approval moves: each kind of subject has its own way."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from sqlalchemy.orm import Session

from models.queries.states import Because
from models.records import Approval

Handler = Callable[[Session, Approval, Because, datetime], None]
SUBJECTS: dict[str, str] = {"request": "models.queries.requests:heard"}
"""For each kind of subject `module:function`, called in the transaction of every change of the approval's state.

By name, because those who ask for approvals import the engine, which must not import them.
"""


def tell(session: Session, approval: Approval, because: Because, now: datetime) -> None:
    """Let the subject hear how its approval stands now; one of a kind that nobody registered hears nothing."""
    path = SUBJECTS.get(approval.subject.partition("/")[0])
    if path is not None:
        session.flush()
        handler_of(path)(session, approval, because, now)


def handler_of(path: str) -> Handler:
    """What `module:function` names."""
    module, _, name = path.partition(":")
    handler: Handler = getattr(import_module(module), name)
    return handler
