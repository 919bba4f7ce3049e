"""approvals.yaml: what it says comes out of the site and the register; what is wrong is refused at its place."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from models.rules.approvals.schemes import Approver, PreApproval, Scheme, Step
from models.site.approval_checks import approval_surprises
from models.site.loading import load_site
from models.site.references import Kind
from models.site.site import from_spec
from models.site.starting import write_starter
from models.vocabulary import ApproverKind, OnTimeout
from tests.site.folders import complaints, write_site

DAY = timedelta(days=1)
PEOPLE = """
teams: {web-team: {title: Web team}}
people:
  anna: {name: Anna Berg, teams: [web-team], roles: [approver]}
  anna-root: {name: Anna Berg, teams: [web-team], account_of: anna}
  bela: {name: Bela Kun, roles: [manager]}
"""
WHOLE = """
schemes:
  strict:
    title: Strict
    calendar: office
    pre_approved: [{cost_at_most: 50.5, risks: [low], roles: [manager]}]
    steps:
      - {approvers: [{manager_of: requester}, {named_in: judge}], expires_after: null}
      - title: All others
        approvers: [{role: approver}, {person: bela}]
        needed: 2
        together: true
        remind_after: 1d
        escalate_after: 2d
        escalate_to: [{owner_of: service}]
        expires_after: 1w
        then: approve
"""


def test_what_it_says_is_what_the_rules_get(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, {"people.yaml": PEOPLE, "approvals.yaml": WHOLE}))
    first = Step(
        (Approver(ApproverKind.MANAGER_OF, "requester"), Approver(ApproverKind.NAMED_IN, "judge")), expires_after=None
    )
    second = Step(
        approvers=(Approver(ApproverKind.ROLE, "approver"), Approver(ApproverKind.PERSON, "bela")),
        needed=2,
        title="All others",
        together=True,
        remind_after=DAY,
        escalate_after=2 * DAY,
        escalate_to=(Approver(ApproverKind.OWNER_OF, "service"),),
        expires_after=7 * DAY,
        then=OnTimeout.APPROVE,
    )
    cheap = PreApproval(Decimal("50.5"), ("low",), ("manager",))
    expected = Scheme("strict", "Strict", (first, second), (cheap,), "office")
    assert site.schemes["strict"].policy() == expected
    assert expected.stages == (1, 1)
    assert from_spec(Kind.SCHEME, site.entry(Kind.SCHEME, "strict").spec).policy() == expected


STEP = "schemes: {one: {title: One, steps: [{approvers: [{person: bela}], %s}]}}\n"
WHO = "schemes: {one: {title: One, steps: [{approvers: [%s]}]}}\n"
WRONG = [
    (STEP % "neded: 2", "1:67: schemes.one.steps.0.neded: unknown key"),
    (STEP % "needed: 0", "1:75: schemes.one.steps.0.needed: must be at least 1"),
    (STEP % "needed: 2", "1:75: schemes.one.steps.0.needed: needs 2, and may be decided by bela"),
    (STEP % "together: true", "1:77: schemes.one.steps.0.together: is the first step"),
    (STEP % "escalate_after: 1d", "1:83: schemes.one.steps.0.escalate_after: goes with escalate_to"),
    (STEP % "remind_after: 2w", "1:81: schemes.one.steps.0.remind_after: is not before expires_after"),
    (STEP % "remind_after: 0s", "1:81: schemes.one.steps.0.remind_after: must be above 0s"),
    (STEP % "then: maybe", "1:73: schemes.one.steps.0.then: must be deny or approve"),
    (STEP % "escalate_to: [{team: x}]", '1:88: schemes.one.steps.0.escalate_to.0.team: no team "x"'),
    (WHO % "", "1:49: schemes.one.steps.0.approvers: must have at least 1 entries"),
    (WHO % "{}", "1:50: schemes.one.steps.0.approvers.0: must have one of person, team, role, manager_of"),
    (WHO % "{person: bela, team: web-team}", "1:50: schemes.one.steps.0.approvers.0: must have one of"),
    (WHO % "{person: gone}", '1:59: schemes.one.steps.0.approvers.0.person: no person "gone"'),
    (WHO % "{team: none}", '1:57: schemes.one.steps.0.approvers.0.team: no team "none"'),
    (WHO % "{role: operator}", "1:49: schemes.one.steps.0.approvers: needs 1, and may be decided by nobody"),
    (WHO % "{manager_of: anna}", "1:63: schemes.one.steps.0.approvers.0.manager_of: must be requester or beneficiary"),
    ("schemes: {one: {title: One, steps: []}}\n", "1:36: schemes.one.steps: must have at least 1 entries"),
    (WHO % "{person: bela}" + "# end\n", ""),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[expected[5:60] for _, expected in WRONG])
def test_what_is_wrong_is_refused_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    found = complaints(write_site(tmp_path, {"people.yaml": PEOPLE, "approvals.yaml": text}))
    if not expected:
        assert found == []
    else:
        assert len(found) == 1, found
        assert found[0].startswith(f"approvals.yaml:{expected}")


OF_SCHEMES = [
    ("calendar: none", 'schemes.one.calendar: no calendar "none"'),
    ("pre_approved: [{}]", "schemes.one.pre_approved.0: says nothing, so it holds for nothing"),
    ("pre_approved: [{items: [gone]}]", 'schemes.one.pre_approved.0.items.0: no item "gone"'),
    ("pre_approved: [{cost_at_most: -1}]", "schemes.one.pre_approved.0.cost_at_most: must be at least 0"),
    ("pre_approved: [{risks: [none]}]", "schemes.one.pre_approved.0.risks.0: must be low, medium or high"),
]


@pytest.mark.parametrize(("text", "expected"), OF_SCHEMES, ids=[expected for _, expected in OF_SCHEMES])
def test_what_is_wrong_in_a_scheme_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    whole = f"schemes: {{one: {{title: One, {text}, steps: [{{approvers: [{{person: bela}}]}}]}}}}\n"
    found = complaints(write_site(tmp_path, {"people.yaml": PEOPLE, "approvals.yaml": whole}))
    assert len(found) == 1
    assert expected in found[0]


def test_an_account_is_of_somebody_and_not_of_itself(tmp_path: Path) -> None:
    people = PEOPLE.replace("account_of: anna", "account_of: gone")
    assert 'no person "gone"' in complaints(write_site(tmp_path, {"people.yaml": people}))[0]
    people = PEOPLE.replace("account_of: anna", "account_of: anna-root")
    assert "anna-root is an account of anna-root" in complaints(write_site(tmp_path, {"people.yaml": people}))[0]


SURPRISES = [
    ("{team: web-team}", 1, "", ["needs all of anna:"], "two accounts of one person"),
    ("{team: web-team}, {person: bela}", 2, "", ["needs all of anna, bela:"], "all of them"),
    ("{team: web-team}, {person: bela}", 1, "", [], "one of two"),
    ("{team: web-team}", 1, ", escalate_to: [{person: bela}]", [], "somebody else may, then"),
    ("{manager_of: requester}", 1, "", [], "who that is depends on who asks"),
]


@pytest.mark.parametrize(("who", "needed", "more", "expected", "why"), SURPRISES, ids=[case[-1] for case in SURPRISES])
def test_a_step_that_its_own_approvers_cannot_pass_is_said(
    tmp_path: Path, who: str, needed: int, more: str, expected: list[str], why: str
) -> None:
    text = f"schemes: {{one: {{title: One, steps: [{{approvers: [{who}], needed: {needed}{more}}}]}}}}\n"
    site = load_site(write_site(tmp_path, {"people.yaml": PEOPLE, "approvals.yaml": text}))
    found = list(approval_surprises(site))
    assert len(found) == len(expected), why
    assert all(words in line for words, line in zip(expected, found, strict=True))


def test_what_the_starter_says_of_approvals_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    file = tmp_path / "ops" / "approvals.yaml"
    text = re.sub(r"(?m)^  # (strict:|  .*)$", r"  \1", file.read_text())
    file.write_text(text.replace("team: security", "role: operator").replace("needed: 2", "needed: 1"))
    calendars = (tmp_path / "ops" / "calendars.yaml").read_text()
    assert "  office:" in calendars
    site = load_site(tmp_path / "ops")
    assert site.schemes["strict"].policy().stages == (1, 2, 2)
    assert list(approval_surprises(site))
