"""event noise: the funnel in one line, the loud and the ignored in tables, all of it as JSON."""

import json

import pytest

from desk.cli.common import Common
from desk.cli.noise import show_noise
from desk.services.errors import Misuse
from models import clock
from models.database import Database
from models.queries import inbox
from models.queries.event_processing import working_off
from models.queries.event_processing.event_book import read_event_book
from models.queries.event_processing.memory import remember
from models.queries.inbox import Delivery
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat
from tests.records.events_lab import event

Output = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def loud(harbour: Database) -> Database:
    """Three hosts say that their disks are full, one of them twice."""
    now, said = clock.now(), [event(f"+DiskFull host=web{number}") for number in (1, 2, 3, 3)]
    with harbour.write() as session:
        inbox.put(session, [Delivery("prometheus", EventFormat.ALERTMANAGER, len(said), to_bytes(said), now)])
    with harbour.write() as session:
        memory = remember(session, read_event_book(session), now)
        working_off.work_off(session, inbox.take(session, 10, now), memory, now)
    return harbour


@pytest.mark.usefixtures("loud")
def test_the_funnel_stands_in_one_line_and_what_nobody_acts_on_below(capsys: Output) -> None:
    assert show_noise() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "4 events -> 3 alerts that fired 3 times -> 0 incidents -> 0 of them worked on" in said
    assert "Loudest senders events alerts fired incidents worked on acknowledged prometheus 4 3 3 0 0 0" in said
    assert "Loudest rules alerts fired incidents worked on acknowledged (no rule) 3 3 0 0 0" in said
    assert "Alerts on which nobody acted alerts fired incidents worked on acknowledged prometheus: DiskFull 3 3" in said


@pytest.mark.usefixtures("loud")
def test_it_is_one_document_for_programs(capsys: Output) -> None:
    assert show_noise(since="1h", common=Common(json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["timezone"] == "Europe/Berlin"
    assert (found["noise"]["events"], found["noise"]["firings"]) == (4, 3)
    assert [one["name"] for one in found["noise"]["sources"]] == ["prometheus"]


@pytest.mark.usefixtures("harbour")
def test_nothing_came_and_nothing_is_shown(capsys: Output) -> None:
    assert show_noise(since="1d") == 0
    said = capsys.readouterr()
    assert "0 events -> 0 alerts" in said.out
    assert "Loudest" not in said.out
    assert said.err == ""


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(("options", "words"), [({"top": 0}, "--top 0"), ({"since": "soon"}, "--since 'soon'")])
def test_a_slip_of_the_pen_is_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(Misuse, match=words):
        show_noise(**options)  # type: ignore[arg-type]
