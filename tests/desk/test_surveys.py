"""The answer of a caller: taken once, with the code of the mail, and shown where people look."""

from collections.abc import Callable
from pathlib import Path

import pytest

from desk.services import incident_details, incident_moves, incident_opening
from desk.services import surveys as service
from desk.services.incident_moves import Act
from desk.services.surveys import Answered
from models import clock
from models.database import Database
from models.errors import NotFound, Refused
from models.queries import incidents, surveys
from models.queries.incident_timeline import Source
from models.queries.states import Because
from models.queries.surveys import Answer
from models.records import Notice
from models.rules.incidents import NewIncident, Solution
from models.vocabulary import LinkVerb, ResolutionCode
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import HOUR, INCIDENTS, NOW, PEOPLE

Call = Callable[..., Said]
NOTICES = "mail: {host: mail.example.org, sender: watch@example.org}\n"


def closed(database: Database) -> str:
    """An incident of zoe's, which is over; the code that she was sent."""
    new = NewIncident("The shop is slow", service="shop", caller="zoe")
    incident = incident_opening.open_new(database, new, "ada", None, NOW).incident.incident
    incident_moves.resolve(database, Act(incident, "ada", NOW), Solution(ResolutionCode.FIXED, "restarted"))
    incident_moves.close(database, Act(incident, "zoe", NOW))
    with database.read() as session:
        survey = surveys.of_ticket(session, int(incident.removeprefix("INC")))
        assert survey is not None
        return survey.token


@pytest.fixture
def code(database: Database, tmp_path: Path) -> str:
    """On the small site, in a database of either kind."""
    apply_site(database, write_site(tmp_path / "site", people=PEOPLE, incidents=INCIDENTS, notices=NOTICES), NOW)
    return closed(database)


def test_an_answer_stands_on_the_page_and_in_the_timeline(database: Database, code: str) -> None:
    given = Answer(code, 4, "quick, but \x1b[31mrude")
    done = service.answer(database, given, "ada", NOW + HOUR)
    assert done == Answered("INC000001", "The shop is slow", "zoe", 4, "quick, but \x1b[31mrude")
    page = incident_details.show_incident(database, "INC000001", "ada", NOW + HOUR)
    assert (page.survey_score, page.survey_words) == (4, "quick, but \x1b[31mrude")
    (entry,) = (one for one in page.timeline if one.source is Source.SURVEY)
    assert (entry.at, entry.who, entry.text) == (NOW + HOUR, "zoe", "says 4 of 5: quick, but \x1b[31mrude")
    assert entry.is_public
    assert [one.text for one in page.timeline if one.at == NOW + HOUR] == [entry.text], "told once"


@pytest.mark.parametrize(
    ("score", "words", "says"),
    [
        (0, "", "0 is no score: say 1"),
        (6, "", "6 is no score: say 1"),
        (-1, "", "-1 is no score: say 1"),
        (2**70, "", "is no score: say 1"),
        (3, "a\0b", "the answer holds a NUL"),
        (3, "\udc80", "the answer is not valid Unicode"),
        (3, "x" * 20_001, "20,001 characters"),
    ],
    ids=["nothing", "too good", "negative", "huge", "NUL", "surrogate", "long"],
)
def test_what_is_no_answer_is_refused_and_leaves_the_question(
    database: Database, code: str, score: int, words: str, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        service.answer(database, Answer(code, score, words), "zoe", NOW)
    assert service.answer(database, Answer(code, 1), "zoe", NOW).words == ""


def test_only_the_first_answer_counts_and_only_with_the_whole_code(database: Database, code: str) -> None:
    for wrong in (code[:-1], f"{code}0", "", "%", "\0", "\udc80"):
        with pytest.raises(NotFound, match="it may be cut"):
            service.answer(database, Answer(wrong, 5), "zoe", NOW)
    service.answer(database, Answer(code, 5), "zoe", NOW)
    with pytest.raises(Refused, match="the first answer counts"):
        service.answer(database, Answer(code, 1), "zoe", NOW)
    assert incident_details.show_incident(database, "1", "ada", NOW).survey_score == 5


def test_the_mail_to_the_caller_has_the_code(database: Database, code: str) -> None:
    with database.read() as session:
        mail = session.query(Notice).filter_by(tag="incident-closed", to="zoe@example.org").one()
        assert (mail.facts["survey"], mail.facts["you"]) == (code, "caller"), "though she closed it herself"


def test_the_callers_of_its_children_are_asked_too(database: Database, code: str) -> None:
    new = NewIncident("Many things are slow", service="shop")
    incident_opening.open_new(database, new, "ada", None, NOW)
    child = NewIncident("My thing is slow", service="shop", caller="zoe")
    incident_opening.open_new(database, child, "ada", None, NOW)
    with database.write() as session:
        parent = incidents.get(session, 2)
        incidents.link(session, parent, LinkVerb.PARENT_OF, "incident/3", Because("ada"), NOW)
    incident_moves.resolve(database, Act("2", "ada", NOW), Solution(ResolutionCode.FIXED, "restarted"))
    incident_moves.close(database, Act("2", "max", NOW))
    with database.read() as session:
        survey = surveys.of_ticket(session, 3)
        assert survey is not None
        mail = session.query(Notice).filter_by(tag="incident-closed", subject="incident/3", to="zoe@example.org").one()
        assert mail.facts["survey"] == survey.token


def test_who_cancels_what_they_opened_is_not_written_to(database: Database, code: str) -> None:
    new = NewIncident("It was nothing", service="shop", caller="zoe")
    incident_opening.open_new(database, new, "zoe", None, NOW)
    incident_moves.cancel(database, Act("2", "zoe", NOW, "it works"))
    with database.read() as session:
        found = session.query(Notice).filter_by(tag="incident-closed", subject="incident/2")
        assert [notice.to for notice in found if notice.to.startswith("zoe")] == []


@pytest.fixture
def told(harbour: Database, site_folder: Path, watchbill: Call) -> tuple[Call, str]:
    """`watchbill incident` where one is closed, and the code of its survey."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE, incidents=INCIDENTS), clock.now())
    return (lambda *words: watchbill("incident", *words)), closed(harbour)


def test_the_command_writes_the_answer_down(told: tuple[Call, str]) -> None:
    incident, code = told
    said = incident("survey", f" {code.upper()}", "--score", "4", "--words", "quick\nand kind", "--as", "zoe")
    assert (said.code, said.out, said.err) == (0, "INC000001 has the answer: 4 of 5\n", "")
    page = incident("show", "1")
    assert "caller says 4 of 5: quick and kind" in page.words
    assert "zoe says 4 of 5: quick and kind" in page.words


def test_programs_get_the_answer_as_json(told: tuple[Call, str]) -> None:
    incident, code = told
    assert incident("survey", code, "--score", "5", "--json").json == {
        "incident": "INC000001",
        "title": "The shop is slow",
        "caller": "zoe",
        "score": 5,
        "words": "",
    }
    assert incident("show", "1", "--json").json["survey_score"] == 5
    assert "caller says 5 of 5" in incident("show", "1").words


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("0123", "--score", "4"), 5, "no survey has this code: it may be cut"),
        (("CODE",), 2, "--score is missing"),
        (("CODE", "--score", "good"), 2, "good"),
        (("CODE", "--score", "0"), 6, "0 is no score: say 1 (bad) to 5 (good)"),
        (("CODE", "--score", "4", "--words", "a\0b"), 6, "the answer holds a NUL"),
    ],
    ids=["another code", "no score", "words for a score", "none of five", "NUL"],
)
def test_a_slip_of_the_pen_ends_in_one_sentence(
    told: tuple[Call, str], words: tuple[str, ...], code: int, says: str
) -> None:
    incident, token = told
    said = incident("survey", *(token if word == "CODE" else word for word in words))
    assert (said.code, said.out) == (code, "")
    assert says in said.words
