"""Requests: ordered once, as a whole or not at all; approved or denied; cancelled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import approval_deciding, approvals, journal, requests
from models.queries.approval_deciding import Decision
from models.queries.approvals import Answer
from models.queries.catalogue import Wanted
from models.queries.request_holding import holds
from models.queries.requests import Order, Ordered
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Approval, Request, RequestFile
from models.rules.catalogue.uploads import Upload
from models.rules.lifecycle import Role
from models.site.catalogue import plan_from
from models.vocabulary import ApprovalState, ApprovalVerdict, RequestState
from tests.records.test_catalogue import CATALOGUE, apply

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
APPROVALS = """
schemes:
  manager:
    title: The manager
    pre_approved: [{cost_at_most: 15}]
    steps: [{approvers: [{manager_of: requester}, {person: eve}]}]
"""
ASKED = CATALOGUE.replace(
    "    risk: medium", "    risk: medium\n    approvals: [{scheme: manager, above: 10}]", 1
).replace("    may_see: {roles: [manager]}\n", "    for_others: reports\n", 1)
TWO: dict[str, Any] = {"hosts": ["web1", "web2"], "program": "git"}
ENGINE, ADA = Because("test"), Because("ada", roles=frozenset({Role.CALLER}))


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Database:
    """The small site with a catalogue and an approval, in force."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "approvals.yaml").write_text(APPROVALS)
    apply(database, tmp_path, ASKED)
    return database


def order(session: Session, item: str = "program", key: str | None = None, **given: Any) -> Ordered:
    wanted = Wanted(item, "ada", "ada", TWO | given if item == "program" else given)
    return requests.order(session, Order(wanted, key), Because("ada"), NOW)


def decide(session: Session, request: Request, verdict: ApprovalVerdict, comment: str | None = None) -> None:
    approval = approvals.of_subject(session, subject_of(request))
    assert approval
    seen = Decision("max", verdict, approval.sha256[:8], comment)
    approval_deciding.decide(session, approval, seen, NOW)


def tags(session: Session, request: Request) -> list[str]:
    journal.write_queued(session)
    return [row.tag.rpartition(":")[2] for row in journal.rows_about(session, subject_of(request))]


def test_an_order_is_a_request_with_its_answers_its_plan_and_a_question(site: Database) -> None:
    with site.write() as session:
        done = order(session)
        request = done.request
        assert (done.is_new, request.number, request.state) == (True, "REQ000001", RequestState.WAITING_FOR_APPROVAL)
        assert (request.requester, request.caller, request.team, request.cost) == ("ada", "ada", "deck", "25.00")
        assert request.answers == {"hosts": ["web1", "web2"], "program": "git"}
        assert [step.key for step in plan_from(request.plan or [])] == ["install/web1", "install/web2", "tell"]
        assert request.promised_at == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
        approval = approvals.of_subject(session, "request/1")
        assert approval
        assert approval.facts["plan"] == request.plan
        assert approval.difference.splitlines()[0] == "Install git: on web2: install git".replace("web2", "web1")
        assert tags(session, request) == ["open"]


@pytest.mark.parametrize(
    ("verdict", "state", "closed"),
    [
        (ApprovalVerdict.APPROVE, RequestState.RECEIVED, None),
        (ApprovalVerdict.DENY, RequestState.DENIED, NOW),
    ],
)
def test_a_request_follows_its_approval(
    site: Database, verdict: ApprovalVerdict, state: RequestState, closed: datetime | None
) -> None:
    with site.write() as session:
        request = order(session).request
        decide(session, request, verdict, "not now")
        assert (request.state, request.closed_at) == (state, closed)
        assert tags(session, request) == ["open", verdict.value]


def test_a_cheap_order_is_approved_by_rule_and_one_below_every_rule_asks_nobody(site: Database) -> None:
    with site.write() as session:
        cheap = order(session, hosts=["web1"]).request
        assert cheap.state is RequestState.RECEIVED
        approval = approvals.of_subject(session, subject_of(cheap))
        assert approval
        assert approval.state is ApprovalState.APPROVED


def test_what_is_sent_back_waits_for_the_requester_and_cannot_be_worked_on(site: Database) -> None:
    with site.write() as session:
        request = order(session).request
        approval = approvals.of_subject(session, subject_of(request))
        assert approval
        approval_deciding.send_back(session, approval, "max", "What for?", NOW)
        assert request.state is RequestState.SENT_BACK
        approvals.answer(session, approval, Answer("For the shop"), Because("ada"), NOW)
        assert request.state is RequestState.WAITING_FOR_APPROVAL
        assert tags(session, request) == ["open", "send-back", "answer"]


def test_an_order_that_is_sent_twice_is_one_and_its_key_is_for_nothing_else(site: Database) -> None:
    with site.write() as session:
        first = order(session, key="a1")
    with site.write() as session:
        again = order(session, key="a1")
        assert (again.is_new, again.request.id) == (False, first.request.id)
        assert tags(session, again.request) == ["open"]
        with pytest.raises(Refused, match="the key 'a1' was used for another order, REQ000001: choose a new one"):
            order(session, "secret-plan", key="a1")
        assert order(session, key="a2").is_new
        for_max = Order(Wanted("program", "max", "max", TWO), "a1")
        assert requests.order(session, for_max, Because("max"), NOW).is_new, "another's key is another key"


def test_fifty_orders_with_one_key_at_once_are_one(site: Database) -> None:
    def send(_: int) -> tuple[int, bool]:
        with site.write() as session:
            done = order(session, key="a1")
            return done.request.id, done.is_new

    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(send, range(50)))
    assert len({request for request, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1
    with site.read() as session:
        assert session.scalar(select(func.count()).select_from(Request)) == 1
        assert session.scalar(select(func.count()).select_from(Approval)) == 1


def test_a_bundle_brings_requests_of_their_own_each_with_its_approval(site: Database) -> None:
    with site.write() as session:
        bundle = order(session, "secret-plan").request
        (part,) = requests.parts_of(session, bundle)
        assert (bundle.state, bundle.plan, part.item, part.parent_id) == (
            RequestState.RECEIVED, [], "program", bundle.id,
        )  # fmt: skip
        assert approvals.of_subject(session, subject_of(bundle)) is None
        assert approvals.of_subject(session, subject_of(part)) is not None
        requests.cancel(session, bundle, ADA, NOW)
        assert (bundle.state, part.state) == (RequestState.CANCELLED, RequestState.CANCELLED)


PDF = Upload("quote.pdf", b"%PDF-1.7 for the shop")


def test_a_file_is_kept_with_its_request_and_bound_by_its_approval(site: Database, tmp_path: Path) -> None:
    with_file = ASKED.replace(
        "      - {name: licence, title: Licence?, secret: true}\n",
        "      - {name: offer, title: Offer?, type: file, accepts: [pdf]}\n"
        "      - {name: licence, title: Licence?, secret: true}\n",
    )
    apply(site, tmp_path, with_file)
    with site.write() as session:
        request = order(session, offer=PDF).request
    with site.write() as session:
        request = requests.get(session, request.id)
        assert request.answers
        assert (request.answers["offer"], requests.files_of(session, request)) == (PDF.words, {"offer": PDF})
        decide(session, request, ApprovalVerdict.APPROVE)
        assert holds(session, request, NOW).allowed
        (kept,) = session.scalars(select(RequestFile))
        kept.content = b"%PDF-1.7 for me"
        session.flush()
        assert not holds(session, request, NOW).allowed, "another file is another order"


REFUSALS = [
    ({"program": "vim"}, "program: 'vim' is no choice", "an answer that is none"),
    ({"licence": "opensesame"}, "licence: a secret cannot be handed in", "a secret that nothing can keep"),
]


@pytest.mark.parametrize(("given", "words", "reason"), REFUSALS, ids=[case[-1] for case in REFUSALS])
def test_a_refused_order_leaves_nothing(site: Database, given: dict[str, Any], words: str, reason: str) -> None:
    with pytest.raises(Refused, match=words), site.write() as session:
        order(session, **given)
    with site.read() as session:
        assert session.scalar(select(func.count()).select_from(Request)) == 0, reason


def test_a_part_that_cannot_be_leaves_nothing_of_the_bundle(site: Database, tmp_path: Path) -> None:
    apply(site, tmp_path, ASKED.replace("program: git}}]", "program: '{requester}'}}]"))
    with pytest.raises(Refused, match=r"program\.program: 'ada' is no choice"), site.write() as session:
        order(session, "secret-plan")
    with site.read() as session:
        assert session.scalar(select(func.count()).select_from(Request)) == 0


def test_a_cancelled_request_is_over_and_nobody_decides_about_it_any_more(site: Database) -> None:
    with site.write() as session:
        request = order(session).request
        requests.cancel(session, request, Because("ada", "found one", roles=ADA.roles), NOW)
        assert (request.state, request.closed_at) == (RequestState.CANCELLED, NOW)
        approval = approvals.of_subject(session, subject_of(request))
        assert approval
        assert approval.state is ApprovalState.VOID
        with pytest.raises(MoveRefused):
            requests.cancel(session, request, ADA, NOW)
        assert tags(session, request) == ["open", "cancel"]


def test_somebody_else_does_not_cancel_it(site: Database) -> None:
    with site.write() as session:
        request = order(session).request
        with pytest.raises(MoveRefused):
            requests.cancel(session, request, Because("zoe", roles=frozenset()), NOW)


def test_a_person_finds_what_they_ordered_and_what_is_for_them_newest_first(site: Database) -> None:
    with site.write() as session:
        mine = order(session).request
        wanted = Wanted("program", "max", "ada", TWO | {"hosts": ["web1"]})
        for_me = requests.order(session, Order(wanted), Because("max"), NOW).request
        over = order(session).request
        requests.cancel(session, over, ENGINE, NOW)
        assert requests.chosen(session, "ada", 9) == [for_me, mine]
        assert requests.chosen(session, "ada", 9, every=True) == [over, for_me, mine]
        assert requests.chosen(session, "max", 9) == [for_me]
        assert requests.chosen(session, None, 1) == [for_me]
        assert requests.chosen(session, "zoe", 9) == []
