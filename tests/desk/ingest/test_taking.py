"""From a request to events, with the clock."""

import json

import pytest

from desk.ingest.errors import BadInput
from desk.ingest.reading import Limits
from desk.ingest.taking import take
from tests.desk.ingest.sampling import JSON, samples
from tests.rules.moments import utc

NOW = utc("2026-11-21 21:00")


def test_each_format_is_read_by_its_module():
    for found in samples():
        assert {event.format for event in take(found.form, found.body, found.headers, NOW)} == {found.form}


def test_an_event_more_than_a_day_ahead_is_refused():
    body = json.dumps([{"name": "a"}, {"name": "b", "started_at": "2026-11-22T21:00:01Z"}]).encode()
    with pytest.raises(BadInput, match=r"event 2 one of 2026-11-22T21:00:01Z, more than a day ahead") as refused:
        take("watchbill", body, JSON, NOW)
    assert refused.value.status == 422
    assert len(take("watchbill", body, JSON, utc("2026-11-21 21:01"))) == 2


def test_the_limits_are_the_callers():
    body = json.dumps([{"name": "a"}] * 3).encode()
    for limits in (Limits(events=2), Limits(size_bytes=20)):
        with pytest.raises(BadInput) as refused:
            take("watchbill", body, JSON, NOW, limits)
        assert refused.value.status == 413
