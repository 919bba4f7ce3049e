"""Incidents as words: numbers, titles, solutions, and how often a solution may be refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.incident_rules import STANDARD, IncidentRules
from models.rules.incidents import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    NewIncident,
    Reopening,
    Solution,
    fitting_text,
    fitting_title,
    incident_id_of,
    may_reopen,
    solution_problems,
    text_problems,
    ticket_number,
)
from models.rules.matchers import parse_all
from models.rules.scopes import Scope
from models.vocabulary import ResolutionCode, TicketKind
from tests.rules.moments import utc

THEN = utc("2026-11-22 10:00")


@given(st.integers(1, 10**12))
def test_a_number_leads_back_to_its_incident(key):
    number = ticket_number(TicketKind.INCIDENT, key)
    assert incident_id_of(number) == incident_id_of(number.lower()) == incident_id_of(f" {key} ") == key


@pytest.mark.parametrize("text", ["", "INC", "RUN000012", "INC0", "0", "INC-12", "INC12x", "١٢", "1" * 16, "inc 12"])
def test_what_is_no_number_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="INC000123"):
        incident_id_of(text)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  the shop\n is\tdown ", "the shop is down"),
        ("red \x1b[31m \u202e turned", "red [31m turned"),
        ("\ud800 lone", "lone"),
        ("", "without a title"),
        ("\0", "without a title"),
    ],
)
def test_a_title_from_anywhere_stands_on_one_line(given, kept):
    assert fitting_title(given) == kept


@given(st.text(st.characters(), max_size=400))
def test_every_text_fits(text):
    assert 0 < len(fitting_title(text)) <= LONGEST_TITLE
    assert fitting_title(text).isprintable()
    assert "\0" not in fitting_text(text)
    fitting_text(text).encode()


def test_a_long_text_is_cut_with_a_mark():
    assert fitting_title("x" * 300) == "x" * (LONGEST_TITLE - 4) + " ..."
    assert fitting_text("x" * 30_000) == "x" * (LONGEST_TEXT - 4) + " ..."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" \n", "empty"),
        ("x" * (LONGEST_TEXT + 1), "20,001 characters, at most 20,000"),
        ("a\0b", "NUL"),
        ("\udcff", "Unicode"),
        ("fine\nand well", None),
    ],
    ids=["empty", "long", "nul", "surrogate", "good"],
)
def test_a_text_of_a_person_is_refused_with_words(text, says):
    problems = list(text_problems("note", text))
    assert (says is None and problems == []) or (len(problems) == 1 and says in problems[0])


@pytest.mark.parametrize("code", list(ResolutionCode))
def test_a_solution_has_a_code_and_words(code):
    problems = list(solution_problems(Solution(code, "restarted the shop")))
    assert problems == ([] if code is not ResolutionCode.DUPLICATE else problems)
    assert bool(problems) == (code is ResolutionCode.DUPLICATE)
    assert any("empty" in problem for problem in solution_problems(Solution(code, " ")))


@pytest.mark.parametrize(
    ("reopened", "days", "allowed"),
    [(0, 0, True), (1, 14, True), (2, 0, False), (5, 0, False), (0, 14.001, False)],
    ids=["at once", "the last moment", "the limit", "past the limit", "too late"],
)
def test_a_solution_may_be_refused_so_often_and_so_long(reopened, days, allowed):
    limits = Reopening(most=2, within=timedelta(days=14))
    verdict = may_reopen(limits, reopened, THEN, THEN + timedelta(days=days))
    assert verdict.allowed is allowed
    assert allowed or "open a new one" in verdict.reason


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [(None, None, "P3"), ("high", None, "P2"), (None, "low", "P4"), ("high", "high", "P1"), ("low", "medium", "P4")],
)
def test_what_is_not_said_is_in_the_middle(impact, urgency, priority):
    assert STANDARD.grading(impact, urgency).priority == priority


def test_a_priority_that_is_said_must_be_one():
    assert STANDARD.grading_of(NewIncident("x", impact="low", urgency="low", priority="P1")).priority == "P1"
    with pytest.raises(ValueError, match="P9"):
        STANDARD.grading_of(NewIncident("x", priority="P9"))
    with pytest.raises(ValueError, match="these may: high, medium, low"):
        STANDARD.grading_of(NewIncident("x", impact="huge"))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"priority": "P1", "service": "shop"}, 'the rule for {priority="P1",tier="1"}'),
        ({"priority": "P1", "service": "wiki"}, None),
        ({"priority": "P4", "category": "disk"}, "the rule for hardware"),
        ({"priority": "P4", "category": "software"}, None),
        ({"priority": "P4"}, None),
    ],
    ids=["a tier", "another tier", "a category below", "another category", "nothing"],
)
def test_rules_say_what_may_be_a_major_incident(facts, says):
    rules = IncidentRules(
        major_candidates=(
            Scope(matchers=parse_all(['priority="P1"', 'tier="1"'])),
            Scope(categories=("hardware",)),
        ),
        tiers={"shop": 1, "wiki": 3},
        categories={"hardware": None, "disk": "hardware", "software": None},
    )
    assert rules.major_for(rules.subject(facts)) == says
