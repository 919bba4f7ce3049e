"""Event rules tried on events that came, of a file or of the inbox, and against changed rules."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.services.errors import Misuse
from desk.services.event_history import read_arrivals
from models import clock
from models.database import Database
from models.queries import inbox, silences
from models.queries.inbox import Delivery
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.rules.matchers import parse_matchers
from models.rules.silences import Silence
from models.vocabulary import EventFormat, EventStatus, Severity
from tests.desk.conftest import Said
from tests.desk.small_site import write_site

Call = Callable[..., Said]
DAYS = timedelta(days=3)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = "rules:\n  - {name: noise, matchers: [name=Noise], ignore: true}\n"


def line(name: str, minutes: float = 0, **more: object) -> str:
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    return json.dumps({"name": name, "severity": "critical", "received_at": at, "received_from": "am", **more})


HISTORY = "\n".join(
    [line("Disk", labels={"host": "disk1"}), line("Noise", 1), "", line("Noise", 2), line("Load", 3, severity="low")]
)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "history.jsonl"
    file.write_text(HISTORY + "\n")
    return file


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A site folder like that of the harbour, with other event rules."""
    folder = write_site(tmp_path / "changed")
    (folder / "events.yaml").write_text(
        RULES + "  - {name: load, matchers: [name=Load], class: exception}\n  - {name: never, matchers: [name=X]}\n"
    )
    return folder


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_is_read_with_its_times_and_sources(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / "history"
    file.write_bytes(gzip.compress(HISTORY.encode()) if packed else HISTORY.encode())
    found = read_arrivals(file)
    assert [(one.event.name, one.source, (one.at - NOON) / timedelta(minutes=1)) for one in found] == [
        ("Disk", "am", 0),
        ("Noise", "am", 1),
        ("Noise", "am", 2),
        ("Load", "am", 3),
    ]
    assert found[0].event.severity is Severity.CRITICAL
    assert found[0].event.labels == {"host": "disk1"}


def test_a_line_may_be_an_array_or_what_the_inbox_keeps(tmp_path: Path) -> None:
    kept = Incoming("nagios", "Load", EventStatus.RESOLVED, Severity.INFO, source="n", ended_at=NOON)
    lines = [
        '[{"name": "A", "started_at": "2026-11-20T11:00:00Z", "severity": "low"}, {"name": "B", "format": "nagios"}]',
        to_bytes([kept]).decode(),
    ]
    file = tmp_path / "history"
    file.write_text("\n".join(lines))
    found = read_arrivals(file)
    assert [(one.event.name, one.event.format, one.source, f"{one.at:%H:%M}") for one in found] == [
        ("A", "watchbill", "", "11:00"),
        ("B", "nagios", "", "11:00"),
        ("Load", "nagios", "n", "12:00"),
    ]


@pytest.mark.parametrize(
    ("content", "problem", "reason"),
    [
        (b"{}", "history:1: /name is missing or empty: send a text", "no event"),
        (HISTORY.encode() + b"\n{", "history:6: ", "no JSON"),
        (b'{"name": "A"}', "history:1: says no time: give received_at", "no time"),
        (b'{"name": "A", "received_at": "noon"}', "history:1: /received_at is", "no time that can be read"),
        (b"[[1, 2]]", "history:1: ", "nothing that the inbox keeps"),
        (b'[["watchbill"]]', "history:1: ", "nothing that the inbox keeps"),
        (b"\x1f\x8bno gzip", "history: cannot be read", "no gzip"),
        (b"\xff\xfe", "history:1: ", "no text"),
        (b"[" * 100_000, "history:1: ", "too deep"),
    ],
)
def test_what_is_no_history_is_refused_with_its_line(tmp_path: Path, content: bytes, problem: str, reason: str) -> None:
    file = tmp_path / "history"
    file.write_bytes(content)
    with pytest.raises(Misuse) as error:
        read_arrivals(file)
    assert problem in str(error.value), reason


def test_the_rules_of_the_site_are_tried(watchbill: Call, harbour: Database, history: Path) -> None:
    said = watchbill("event", "rules", "test", str(history))
    assert said.code == 0, said.err
    assert said.out.startswith("4 events from ")
    assert said.out.splitlines()[1].startswith("not replayed: silences, of which a file says nothing")
    figures = {text.rsplit(maxsplit=1)[0].strip(): text.split()[-1] for text in said.out.splitlines()[4:10]}
    assert figures == {
        "events ignored": "0",
        "events that make no alert": "0",
        "alerts": "3",
        "alerts that asked for somebody": "3",
        "incidents": "2",
        "candidates for incidents": "0",
    }
    assert "Noise" in said.out


def test_changed_rules_say_what_they_would_change(
    watchbill: Call, harbour: Database, history: Path, changed: Path
) -> None:
    said = watchbill("event", "rules", "test", str(history), "--against", str(changed))
    assert said.code == 0, said.err
    table = said.out[said.out.index("Incidents that differ") : said.out.index("Alerts that differ")]
    assert [row.split()[0] + row.split()[5] for row in table.splitlines()[2:4]] == ["-Noise", "+Load"]
    assert f"rules of {changed} that applied to none of these: never" in said.words
    found = watchbill("event", "rules", "test", str(history), "--against", str(changed), "--json").json
    assert (found["site"]["ignored"], found["against"]["ignored"]) == (0, 2)
    assert [(one["before"] or one["after"])["title"] for one in found["changed_incidents"]] == ["Noise", "Load"]
    changes = [(one["before"], one["after"]) for one in found["changed_alerts"]]
    assert [(bool(before), bool(after)) for before, after in changes] == [(True, False), (True, True)]


def test_the_same_rules_make_no_difference(
    watchbill: Call, harbour: Database, history: Path, site_folder: Path
) -> None:
    said = watchbill("event", "rules", "test", str(history), "--against", str(site_folder))
    assert said.out.rstrip().endswith("no difference")


def test_without_a_file_what_people_did_is_replayed(watchbill: Call, harbour: Database) -> None:
    now = clock.now()
    event = Incoming("nagios", "Disk", EventStatus.FIRING, Severity.HIGH)
    with harbour.write() as session:
        inbox.put(session, [Delivery("nagios", EventFormat.NAGIOS, 1, to_bytes([event]), now - timedelta(hours=1))])
    assert len(watchbill("event", "rules", "test", "--json").json["site"]["incidents"]) == 1
    with harbour.write() as session:
        ago = now - timedelta(hours=2)
        silences.add(session, Silence(parse_matchers("name=Disk"), ago, now + DAYS, "ann", "disk change"), ago)
    said = watchbill("event", "rules", "test")
    assert "with 1 silence; not replayed: what people decided" in said.words
    found = watchbill("event", "rules", "test", "--json").json
    assert (found["silences"], found["site"]["incidents"], found["site"]["raised"]) == (1, [], 0)


def test_without_a_file_it_takes_what_was_received(watchbill: Call, harbour: Database) -> None:
    now = clock.now()
    events = [Incoming("nagios", f"Disk{number}", EventStatus.FIRING, Severity.HIGH) for number in range(3)]
    with harbour.write() as session:
        for ago in (timedelta(hours=1), timedelta(days=2)):
            inbox.put(session, [Delivery("nagios", EventFormat.NAGIOS, len(events), to_bytes(events), now - ago)])
    assert watchbill("event", "rules", "test", "--json").json["events"] == 6
    assert watchbill("event", "rules", "test", "--since", "8h", "--json").json["events"] == 3
    said = watchbill("event", "rules", "test", "--since", "10m")
    assert said.code != 0
    assert "no event was received since" in said.words


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file or directory"),
        (["HISTORY", "--since", "8h"], "--since goes without FILE"),
        (["HISTORY", "--against", "nowhere"], "there is no such folder"),
        (["EMPTY"], "there is no event in it"),
    ],
)
def test_a_wrong_call_is_told(
    watchbill: Call, harbour: Database, history: Path, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    (tmp_path / "empty").touch()
    places = {"HISTORY": str(history), "EMPTY": str(tmp_path / "empty")}
    said = watchbill("event", "rules", "test", *(places.get(word, word) for word in arguments))
    assert said.code != 0
    assert problem in said.words
