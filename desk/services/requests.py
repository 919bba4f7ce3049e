"""Requests from the desk: ordered, looked at, cancelled."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from desk.services import approvals as approval_services
from desk.services.acting import check_may_work, roles_of, works_on_tickets
from desk.services.approvals import sees_all
from desk.services.errors import Misuse
from models.database import Database
from models.errors import NotFound
from models.queries import approvals, desk_runs, requests
from models.queries.approval_book import read_approval_book
from models.queries.catalogue import Quote, Wanted, part_quotes, plain_answers, quote, read_catalogue
from models.queries.requests import Order
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Approval, Request
from models.rules.catalogue.plan_words import plan_words
from models.rules.catalogue.uploads import Upload
from models.rules.lifecycle import Role
from models.rules.requests import public_state, request_id_of
from models.vocabulary import PublicState, RequestState

MOST_SHOWN = 500
LONGEST_KEY = 64


@dataclass(frozen=True)
class RequestLine:
    """One request of the list."""

    request: str
    """REQ000456."""
    item: str
    title: str
    state: PublicState
    """For those who wait for it."""
    exact_state: RequestState
    requester: str
    beneficiary: str
    with_whom: str
    """Who has it now."""
    opened_at: datetime
    promised_at: datetime | None
    cost: Decimal
    is_late: bool


@dataclass(frozen=True)
class RequestList:
    """The newest requests of a person, or of all people."""

    timezone: str
    at: datetime
    requests: tuple[RequestLine, ...]
    is_cut: bool


@dataclass(frozen=True)
class RequestDetail:
    """Everything about one request."""

    line: RequestLine
    timezone: str
    at: datetime
    is_new: bool
    """Whether this call ordered it."""
    answers: dict[str, Any]
    plan: str
    """What will be done, in words."""
    approval: str | None
    approval_state: str | None
    closed_at: datetime | None
    parent: str | None
    parts: tuple[RequestLine, ...]


@dataclass(frozen=True)
class Preview:
    """What an order comes to, before it is one."""

    timezone: str
    at: datetime
    item: str
    title: str
    requester: str
    beneficiary: str
    answers: dict[str, Any]
    plan: str
    cost: Decimal
    scheme: str | None
    promised_at: datetime | None
    parts: tuple["Preview", ...]


def preview(database: Database, wanted: Wanted, now: datetime) -> Preview:
    """What the order comes to. Raises NotFound, Refused and FormRefused as a quote does."""
    with database.read() as session:
        catalogue, timezone = read_catalogue(session), desk_runs.site_zone(session)
    found = quote(catalogue, wanted, now)
    return _preview(found, part_quotes(catalogue, found, now), timezone, now)


def order(database: Database, new: Order, now: datetime) -> RequestDetail:
    """Order it. Raises Misuse for a key that is none, Refused for a key of another order, else as a preview does."""
    if new.key is not None and not (0 < len(new.key) <= LONGEST_KEY and new.key.isprintable()):
        raise Misuse(f"--key: a key has 1 to {LONGEST_KEY} printable characters")
    with database.write() as session:
        done = requests.order(session, new, Because(new.wanted.requester), now)
        return _detail(session, done.request, now, is_new=done.is_new)


def list_requests(database: Database, person: str, now: datetime, *, every: bool, of_all: bool) -> RequestList:
    """The newest requests that a person made or benefits from; with `of_all` those of everybody.

    Raises Refused for somebody who may see only their own.
    """
    with database.read() as session:
        if of_all and not sees_all(session, person):
            check_may_work(session, person, "see the requests of others")
        found = requests.chosen(session, None if of_all else person, MOST_SHOWN + 1, every=every)
        lines = tuple(_line(one, now) for one in found[:MOST_SHOWN])
        return RequestList(desk_runs.site_zone(session), now, lines, len(found) > MOST_SHOWN)


def show(database: Database, number: str, person: str, now: datetime) -> RequestDetail:
    """Everything about one request, for who may see it. Raises Misuse for no number, NotFound."""
    with database.read() as session:
        return _detail(session, seen_by(session, number, person, now), now, is_new=False)


def file_of(database: Database, number: str, field: str, person: str, now: datetime) -> Upload:
    """A file that was handed in with a request, for who may see it. Raises NotFound, with the fields that have one."""
    with database.read() as session:
        files = requests.files_of(session, seen_by(session, number, person, now))
    if field not in files:
        raise NotFound(f"{number} has no file for {field!r}; there are: {', '.join(files) or 'none'}")
    return files[field]


def cancel(database: Database, number: str, person: str, reason: str | None, now: datetime) -> RequestDetail:
    """It is wanted no more. Raises MoveRefused when it is over, or has begun and the person only waits for it."""
    with database.write() as session:
        request = seen_by(session, number, person, now)
        own = {Role.CALLER} if person in (request.requester, request.beneficiary) else set()
        roles = roles_of(session, person, request) | own
        requests.cancel(session, request, Because(person, reason, roles=roles), now)
        return _detail(session, request, now, is_new=False)


def seen_by(session: Session, number: str, person: str, now: datetime) -> Request:
    """One request, for who may see it: who asks, for whom it is, who decides, who works on tickets or guards the site.

    Raises NotFound for one that there is not, and for all others alike.
    """
    request = requests.get(session, _key_of(number))
    staff = read_approval_book(session).staff
    theirs = {staff.identity(one) for one in (request.requester, request.beneficiary) if one is not None}
    if staff.identity(person) in theirs or works_on_tickets(session, person) or sees_all(session, person):
        return request
    approval = approvals.of_subject(session, subject_of(request))
    if approval is None or not _decides(session, approval, person, now):
        raise NotFound(f"there is no request {request.number}: see `watchbill request list`")
    return request


def _decides(session: Session, approval: Approval, person: str, now: datetime) -> bool:
    try:
        approval_services.seen_by(session, approval.number, person, now)
    except NotFound:
        return False
    return True


def _key_of(number: str) -> int:
    try:
        return request_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def _line(request: Request, now: datetime) -> RequestLine:
    state = public_state(request.state)
    ended = request.resolved_at or request.closed_at or now
    return RequestLine(
        request=request.number,
        item=request.item or "",
        title=request.title,
        state=state,
        exact_state=request.state,
        requester=request.requester or "",
        beneficiary=request.beneficiary or "",
        with_whom=_with_whom(request),
        opened_at=request.opened_at,
        promised_at=request.promised_at,
        cost=Decimal(request.cost or "0"),
        is_late=request.promised_at is not None and ended > request.promised_at,
    )


def _with_whom(request: Request) -> str:
    if request.state is RequestState.WAITING_FOR_APPROVAL:
        return "its approvers"
    if request.state in (RequestState.SENT_BACK, RequestState.WAITING):
        return request.requester or ""
    if public_state(request.state) is PublicState.DONE:
        return ""
    return request.owner or f"team {request.team}"


def _detail(session: Session, request: Request, now: datetime, *, is_new: bool) -> RequestDetail:
    approval = approvals.of_subject(session, subject_of(request))
    parent = requests.get(session, request.parent_id) if request.parent_id is not None else None
    line = _line(request, now)
    deciders = approval_services.line_of(session, approval, now).waits_for if approval is not None else ()
    return RequestDetail(
        line=replace(line, with_whom=" or ".join(deciders)) if deciders else line,
        timezone=desk_runs.site_zone(session),
        at=now,
        is_new=is_new,
        answers=dict(request.answers or {}),
        plan=request.description,
        approval=approval.number if approval is not None else None,
        approval_state=approval.state.value if approval is not None else None,
        closed_at=request.closed_at,
        parent=parent.number if parent is not None else None,
        parts=tuple(_line(part, now) for part in requests.parts_of(session, request)),
    )


def _preview(found: Quote, parts: tuple[Quote, ...], timezone: str, now: datetime) -> Preview:
    return Preview(
        timezone=timezone,
        at=now,
        item=found.item.name,
        title=found.item.title,
        requester=found.requester,
        beneficiary=found.beneficiary,
        answers=plain_answers(found.answers.values),
        plan=plan_words(found.plan, found.parts),
        cost=found.cost,
        scheme=found.scheme,
        promised_at=found.promised_at,
        parts=tuple(_preview(part, (), timezone, now) for part in parts),
    )
