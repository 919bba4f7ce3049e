"""Requests for items of the catalogue: ordered once, approved, cancelled, found.

An order is one transaction: the request, those of a bundle's parts, the questions to the approvers, and the journal.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import approvals, journal
from models.queries.catalogue import Quote, Wanted, facts_of, part_quotes, plain_answers, quote, read_catalogue
from models.queries.states import Because, advance
from models.queries.tickets import subject_of
from models.records import Approval, Request, RequestFile
from models.rules.approvals.asking import NewApproval
from models.rules.catalogue.plan_words import plan_words
from models.rules.catalogue.uploads import Upload
from models.rules.requests import OVER
from models.site.catalogue import plan_spec
from models.vocabulary import ApprovalState, RequestState, TicketKind

NOT_BEGUN = (RequestState.WAITING_FOR_APPROVAL, RequestState.SENT_BACK, RequestState.RECEIVED)
_ASKED, _BACK = RequestState.WAITING_FOR_APPROVAL, RequestState.SENT_BACK
_HEARD = {
    (ApprovalState.APPROVED, _ASKED): "approve",
    (ApprovalState.SENT_BACK, _ASKED): "send back",
    (ApprovalState.OPEN, _BACK): "answer",
    (ApprovalState.OPEN, RequestState.RECEIVED): "ask approval",
    **{
        (over, state): action
        for over, action in (
            (ApprovalState.DENIED, "deny"),
            (ApprovalState.EXPIRED, "deny"),
            (ApprovalState.VOID, "deny"),
            (ApprovalState.WITHDRAWN, "cancel"),
        )
        for state in (_ASKED, _BACK)
    },
}
"""What a request does when its approval stands so."""


@dataclass(frozen=True)
class Order:
    """An order as it is sent. The key is chosen by the requester: sent again with it, it is the same order."""

    wanted: Wanted
    key: str | None = None
    source: str = "command line"


@dataclass(frozen=True)
class Ordered:
    """The request that an order became, now or when it was first sent."""

    request: Request
    is_new: bool


def order(session: Session, new: Order, because: Because, now: datetime) -> Ordered:
    """Write an order down and ask its approvers.

    Raises NotFound, Refused and FormRefused as a quote does; Refused for a key that was used for another order, and for
    a secret, which nothing can keep yet.
    """
    known = _with_key(session, new)
    if known is not None:
        return Ordered(known, is_new=False)
    catalogue = read_catalogue(session)
    found = quote(catalogue, new.wanted, now)
    parts = part_quotes(catalogue, found, now)
    for field in found.answers.secrets:
        raise Refused(f"{field}: a secret cannot be handed in with a request yet")
    try:
        with session.begin_nested():
            request = _write(session, found, new, because, now, catalogue.priority)
    except IntegrityError:
        # Somebody has sent the same order at the same moment, and was first.
        known = _with_key(session, new)
        if known is None:
            raise
        return Ordered(known, is_new=False)
    whole = [(request, found)]
    for part in parts:
        one = _write(session, part, Order(new.wanted, source=new.source), because, now, catalogue.priority)
        one.parent_id = request.id
        whole.append((one, part))
    for one, quoted in whole:
        _tell_opened(session, one, because, now)
        if quoted.scheme is not None:
            ask_approvers(session, one, quoted, because, now)
    return Ordered(request, is_new=True)


def get(session: Session, request_id: int) -> Request:
    """One request. Raises NotFound."""
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound(f"there is no request REQ{request_id:06d}: see `watchbill request list`")
    return request


def parts_of(session: Session, request: Request) -> list[Request]:
    """The requests that a bundle brought, in order."""
    return list(session.scalars(select(Request).where(Request.parent_id == request.id).order_by(Request.id)))


def chosen(session: Session, person: str | None, most: int, *, every: bool = False) -> list[Request]:
    """The newest requests that somebody made or benefits from, or of all people; over ones only with `every`."""
    query = select(Request).where(Request.item.is_not(None)).order_by(Request.id.desc()).limit(most)
    if person is not None:
        query = query.where(or_(Request.requester == person, Request.beneficiary == person))
    if not every:
        query = query.where(Request.state.not_in(OVER))
    return list(session.scalars(query))


def files_of(session: Session, request: Request) -> dict[str, Upload]:
    """What was handed in with it, by field."""
    rows = select(RequestFile.field, RequestFile.name, RequestFile.content)
    found = session.execute(rows.where(RequestFile.request_id == request.id).order_by(RequestFile.id))
    return {row.field: Upload(row.name, row.content) for row in found}


def cancel(session: Session, request: Request, because: Because, now: datetime) -> bool:
    """It is wanted no more, with the parts of a bundle that have not begun; nobody has to decide about it any more.

    Raises MoveRefused when it is over, or has begun and a person asks who only waits for it.
    """
    if not advance(session, request, "cancel", because, closed_at=now):
        return False
    why = Because(because.actor, because.reason or f"{request.number} was cancelled")
    approvals.void(session, subject_of(request), why, now)
    for part in parts_of(session, request):
        if part.state in NOT_BEGUN:
            cancel(session, part, Because(because.actor, f"{request.number} was cancelled"), now)
    return True


def heard(session: Session, approval: Approval, because: Because, now: datetime) -> None:
    """The approval of a request stands otherwise now; the request follows, as far as there is one."""
    request = session.get(Request, int(approval.subject.partition("/")[2]))
    action = _HEARD.get((approval.state, request.state)) if request is not None else None
    if request is not None and action is not None:
        changes = {"closed_at": now} if action in ("deny", "cancel") else {}
        words = f"{approval.number}: {approval.outcome or approval.state.value}"
        advance(session, request, action, Because(because.actor, words, at=because.at), **changes)


def _with_key(session: Session, new: Order) -> Request | None:
    """The request that this order became before. Raises Refused when its key was used for another one."""
    if new.key is None:
        return None
    wanted = new.wanted
    query = select(Request).where(Request.requester == wanted.requester, Request.key == new.key)
    known = session.scalar(query)
    if known is not None and (known.item, known.beneficiary) != (wanted.item, wanted.beneficiary):
        raise Refused(f"the key {new.key!r} was used for another order, {known.number}: choose a new one")
    return known


def _write(session: Session, found: Quote, new: Order, because: Because, now: datetime, priority: str) -> Request:
    item = found.item
    request = Request(
        kind=TicketKind.REQUEST,
        title=item.title,
        description=plan_words(found.plan, found.parts),
        service=item.service,
        caller=found.beneficiary,
        opened_by=because.actor,
        opened_at=now,
        source=new.source,
        is_drill=False,
        state=RequestState.RECEIVED if found.scheme is None else RequestState.WAITING_FOR_APPROVAL,
        priority=priority,
        team=item.owner,
        item=item.name,
        item_sha256=found.sha256,
        requester=found.requester,
        beneficiary=found.beneficiary,
        answers=plain_answers(found.answers.values),
        plan=plan_spec(found.plan),
        cost=str(found.cost),
        scheme=found.scheme,
        promised_at=found.promised_at,
        key=new.key,
    )
    session.add(request)
    session.flush()
    for field, file in found.answers.files.items():
        kept = RequestFile(request_id=request.id, field=field, name=file.name, sha256=file.sha256, content=file.content)
        session.add(kept)
    return request


def _tell_opened(session: Session, request: Request, because: Because, now: datetime) -> None:
    told = ("item", "item_sha256", "requester", "beneficiary", "team", "cost", "scheme", "parent_id")
    fact = journal.Fact(
        tag="requests:request:open",
        subject=subject_of(request),
        actor=because.actor,
        target=request.state.value,
        reason=because.reason,
        facts={name: getattr(request, name) for name in told},
        at=now,
    )
    journal.append(session, fact)


def ask_approvers(session: Session, request: Request, found: Quote, because: Because, now: datetime) -> Approval:
    """Ask whether the request may be carried out as this quote says."""
    new = NewApproval(
        subject=subject_of(request),
        title=f"{request.number}: {request.title}",
        requester=found.requester,
        beneficiary=found.beneficiary,
        scheme=found.scheme or "",
        facts=facts_of(found),
        difference=request.description,
    )
    return approvals.ask(session, new, because, now)
