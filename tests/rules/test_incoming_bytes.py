"""Events as kept bytes: what comes out is what went in, also of what an older version wrote."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.rules.incoming import Incoming, Link
from models.rules.incoming_bytes import from_bytes, to_bytes
from models.vocabulary import EventStatus, Severity

TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=40)
TIMES = some.none() | some.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=some.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
EVENTS = some.builds(
    Incoming,
    format=some.sampled_from(["watchbill", "nagios"]),
    name=TEXTS,
    status=some.sampled_from(EventStatus),
    severity=some.sampled_from(Severity),
    source=TEXTS.filter(bool),
    key=TEXTS,
    text=TEXTS,
    labels=some.dictionaries(TEXTS, TEXTS, max_size=4),
    facts=some.dictionaries(TEXTS, some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | TEXTS),
    links=some.lists(some.builds(Link, TEXTS, TEXTS), max_size=3).map(tuple),
    started_at=TIMES,
    ended_at=TIMES,
    via=some.just("http"),
)


@given(some.lists(EVENTS, max_size=5))
def test_what_comes_out_is_what_went_in(events: list[Incoming]) -> None:
    assert from_bytes(to_bytes(events), "probe") == events


def test_an_event_that_names_no_source_is_of_the_one_that_sent_it() -> None:
    kept = to_bytes([Incoming("nagios", "DiskFull", EventStatus.FIRING, Severity.HIGH)])
    assert [event.source for event in from_bytes(kept, "probe")] == ["probe"]


def test_a_storm_is_kept_in_a_small_part_of_its_size() -> None:
    events = [
        Incoming("nagios", f"Disk{number}Full", EventStatus.FIRING, Severity.HIGH, text="/var is full")
        for number in range(1000)
    ]
    kept = to_bytes(events)
    assert len(kept) < 20_000
    assert from_bytes(kept, "x")[999].name == "Disk999Full"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(13, id="this version"),
        pytest.param(12, id="before the last field was added"),
    ],
)
def test_what_an_earlier_version_wrote_is_read(fields: int) -> None:
    # These bytes wait in databases: a field may be added at the end, and none may move.
    written = ["nagios", "Disk", "firing", "high", "hall", "k", "full", {"a": "b"}, {"n": 1}, [], None, None, "mail"]
    event = from_bytes(orjson.dumps([written[:fields]]), "probe")[0]
    assert (event.name, event.status, event.severity, event.source, event.key, event.text, event.labels) == (
        "Disk", EventStatus.FIRING, Severity.HIGH, "hall", "k", "full", {"a": "b"},
    )  # fmt: skip
    assert event.via == ("mail" if fields == 13 else "http")


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'[["nagios"]]', id="too few fields"),
        pytest.param(orjson.dumps([["n", "a", "firing", "high", *[""] * 4, {}, [], None, None, "x", 1]]), id="later"),
        pytest.param(orjson.dumps([["n", "a", "sleeping", "high", *[""] * 4, {}, [], None, None]]), id="no status"),
        pytest.param(to_bytes([Incoming("n", "x" * 9_000, EventStatus.FIRING, Severity.LOW)])[:-9], id="cut"),
    ],
)
def test_damaged_bytes_are_said_to_be(kept: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        from_bytes(kept, "probe")
