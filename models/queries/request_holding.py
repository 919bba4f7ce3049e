"""Whether a request may be carried out as it was ordered and approved, by the site as it is at this moment.

What was approved is bound: another item, plan, price or policy, an approver who has left, a host that is no more, and
it goes back to its approvers.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import approvals
from models.queries.approval_holding import still_holds
from models.queries.catalogue import Quote, Wanted, facts_of, plain_answers, quote, quote_part, read_catalogue
from models.queries.requests import ask_approvers, files_of, heard
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Request
from models.rules.catalogue.plan_words import plan_words
from models.rules.verdicts import Verdict
from models.site.catalogue import plan_spec
from models.vocabulary import RequestState


def holds(session: Session, request: Request, now: datetime) -> Verdict:
    """Whether its plan may be carried out now; `until` says when the window of its approval opens or ends."""
    try:
        found = quote_again(session, request, now)
    except (NotFound, Refused) as error:
        return Verdict(False, f"{request.number} could not be ordered so any more: {error}")
    if (found.sha256, plan_spec(found.plan)) != (request.item_sha256, request.plan):
        return Verdict(False, f"{request.number}: the item {request.item} is not what it was when it was ordered")
    if found.scheme is None:
        return Verdict(True, f"{request.number}: nobody has to approve it")
    approval = approvals.of_subject(session, subject_of(request))
    if approval is None:
        return Verdict(False, f"{request.number}: nobody was asked to approve it")
    return still_holds(session, approval, facts_of(found), now)


def ask_anew(session: Session, request: Request, because: Because, now: datetime) -> None:
    """Bring a request that has not begun to what the site says now, and ask its approvers about that.

    Raises what an order raises when it could not be ordered so any more, and Refused for one that is not received.
    """
    if request.state is not RequestState.RECEIVED:
        raise Refused(f"{request.number} is {request.state.value}: only one that is received is asked about anew")
    found = quote_again(session, request, now)
    request.item_sha256, request.plan = found.sha256, plan_spec(found.plan)
    request.cost, request.scheme = str(found.cost), found.scheme
    request.answers, request.description = plain_answers(found.answers.values), plan_words(found.plan, found.parts)
    session.flush()
    approval = approvals.of_subject(session, subject_of(request))
    if found.scheme is None:
        return
    if approval is not None and approval.scheme == found.scheme:
        changes = {"facts": facts_of(found), "difference": request.description}
        approvals.ask_again(session, approval, changes, because, now)
        return
    approvals.void(session, subject_of(request), because, now)
    heard(session, ask_approvers(session, request, found, because, now), because, now)


def quote_again(session: Session, request: Request, now: datetime) -> Quote:
    """What the same order comes to now. Raises what an order raises."""
    catalogue = read_catalogue(session)
    given = {**(request.answers or {}), **files_of(session, request)}
    wanted = Wanted(request.item or "", request.requester or "", request.beneficiary or "", given)
    return quote(catalogue, wanted, now) if request.parent_id is None else quote_part(catalogue, wanted, now)
