"""Between the approval and the work: what was approved holds, or goes back to those who approved it."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import Refused
from models.queries import approvals, requests
from models.queries.catalogue import Wanted
from models.queries.request_holding import ask_anew, holds
from models.queries.requests import Order
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Approval, Request
from models.vocabulary import ApprovalState, ApprovalVerdict, RequestState
from tests.desk.small_site import FILES
from tests.records.test_catalogue import PEOPLE, apply
from tests.records.test_requests import APPROVALS, ASKED, ENGINE, NOW, decide, order, site

__all__ = ["site"]
APPROVED = ApprovalVerdict.APPROVE


def approved(session: Session) -> Request:
    request = order(session).request
    decide(session, request, APPROVED)
    return request


def test_what_was_approved_holds_while_nothing_changes(site: Database, tmp_path: Path) -> None:
    with site.write() as session:
        assert holds(session, approved(session), NOW).allowed
    apply(site, tmp_path, ASKED)
    with site.read() as session:
        assert holds(session, requests.get(session, 1), NOW).allowed, "the register was written anew, and is the same"


CHANGES = [
    (ASKED.replace("install, ", "remove, "), "", "", "is not what it was when it was ordered", "another command"),
    (ASKED.replace("12.5", "99"), "", "", "is not what it was when it was ordered", "another price"),
    (ASKED.replace("[git, tmux]", "[vim, tmux]"), "", "", "program: 'git' is no choice", "an answer that is none now"),
    (
        ASKED.replace("may_order: {teams: [deck], ", "may_order: {"),
        "",
        "",
        "it is offered to others",
        "not for them now",
    ),
    (ASKED, "", "web1", "hosts: 'web1' is no choice", "a host that is no more"),
    (ASKED, APPROVALS.replace("at_most: 15", "at_most: 5"), "", "the scheme manager has changed", "another policy"),
    (ASKED, "", "max", "", "an approver who has left"),
]


@pytest.mark.parametrize(
    ("catalogue", "schemes", "gone", "words", "reason"), CHANGES, ids=[case[-1] for case in CHANGES]
)
def test_what_has_changed_since_does_not_hold(
    site: Database, tmp_path: Path, catalogue: str, schemes: str, gone: str, words: str, reason: str
) -> None:
    with site.write() as session:
        approved(session)
    people = PEOPLE.replace("  max: {name: Max Born, roles: [manager]}\n", "").replace(", manager: max", "")
    services = FILES["services.yaml"].replace("  web1: {address: 10.0.0.1, tags: [web],", "  web1: {address: 10.0.0.1,")
    if schemes:
        (tmp_path / "site" / "approvals.yaml").write_text(schemes)
    more = {"max": {"people": people}, "web1": {"services": services}}.get(gone, {})
    apply(site, tmp_path, catalogue, **more)
    with site.read() as session:
        verdict = holds(session, requests.get(session, 1), NOW)
    assert (verdict.allowed, words in str(verdict.reason)) == (False, True), reason


def test_a_request_that_nobody_approved_does_not_hold(site: Database) -> None:
    with site.write() as session:
        assert "it is open" in str(holds(session, order(session).request, NOW).reason)


def test_what_nobody_has_to_approve_holds_until_its_item_changes(site: Database, tmp_path: Path) -> None:
    free = ASKED.replace("    approvals: [{scheme: manager, above: 10}]\n", "")
    apply(site, tmp_path, free)
    with site.write() as session:
        request = order(session).request
        assert holds(session, request, NOW).allowed
        (part,) = requests.parts_of(session, order(session, "secret-plan").request)
        assert holds(session, part, NOW).allowed
    apply(site, tmp_path, free.replace("install, ", "remove, "))
    with site.read() as session:
        assert not holds(session, requests.get(session, 1), NOW).allowed


def test_a_changed_item_goes_back_to_its_approvers_with_what_it_is_now(site: Database, tmp_path: Path) -> None:
    with site.write() as session:
        approved(session)
    apply(site, tmp_path, ASKED.replace("install, ", "put, "))
    with site.write() as session:
        request = requests.get(session, 1)
        ask_anew(session, request, ENGINE, NOW)
        assert request.state is RequestState.WAITING_FOR_APPROVAL
        approval = approvals.of_subject(session, subject_of(request))
        assert approval
        assert (approval.round, "put git" in approval.difference) == (2, True)
        decide(session, request, APPROVED)
        assert request.state is RequestState.RECEIVED
        assert holds(session, request, NOW).allowed


def test_another_scheme_is_another_question(site: Database, tmp_path: Path) -> None:
    with site.write() as session:
        approved(session)
    two = "  board:\n    title: The board\n    steps: [{approvers: [{person: eve}]}]\n"
    (tmp_path / "site" / "approvals.yaml").write_text(APPROVALS + two)
    apply(site, tmp_path, ASKED.replace("scheme: manager", "scheme: board"))
    with site.write() as session:
        request = requests.get(session, 1)
        ask_anew(session, request, ENGINE, NOW)
        states = list(session.scalars(select(Approval.state).order_by(Approval.id)))
        assert states == [ApprovalState.VOID, ApprovalState.OPEN]
        assert request.state is RequestState.WAITING_FOR_APPROVAL


def test_what_needs_no_approval_any_more_is_ready(site: Database, tmp_path: Path) -> None:
    with site.write() as session:
        approved(session)
    apply(site, tmp_path, ASKED.replace("above: 10", "above: 1000"))
    with site.write() as session:
        request = requests.get(session, 1)
        ask_anew(session, request, ENGINE, NOW)
        assert (request.state, request.scheme) == (RequestState.RECEIVED, None)
        assert holds(session, request, NOW).allowed


def test_only_what_is_received_is_asked_about_anew(site: Database) -> None:
    with site.write() as session:
        request = order(session).request
        with pytest.raises(Refused, match="REQ000001 is waiting for approval: only one that is received"):
            ask_anew(session, request, ENGINE, NOW)


def test_a_part_holds_though_its_requester_may_not_order_it_alone(site: Database, tmp_path: Path) -> None:
    closed = ASKED.replace("may_order: {teams: [deck], roles: [manager]}", "may_order: {people: [zoe]}")
    apply(site, tmp_path, closed)
    with site.write() as session:
        bundle = requests.order(session, Order(Wanted("secret-plan", "ada", "ada", {})), Because("ada"), NOW).request
        (part,) = requests.parts_of(session, bundle)
        assert part.state is RequestState.RECEIVED, "one host is cheap: approved by rule"
        assert holds(session, part, NOW).allowed
