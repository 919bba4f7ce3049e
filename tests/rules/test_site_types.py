"""The rules' values are also the types of the site files: pydantic reads them without the rules knowing pydantic."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from models.rules.alarms import Alarms
from models.rules.batch import Batch
from models.rules.calendars import Calendar
from models.rules.dependencies import Dependency
from models.rules.durations import Duration
from models.rules.overlap import OverlapPolicy
from models.rules.parameters import Parameter
from models.rules.retries import Retry
from models.rules.schedule import Schedule
from models.rules.slots import CalendarUse, CatchUpPolicy
from models.rules.windows import Window

WRITTEN = {
    Schedule: {"every": "15m", "anchor": "2026-01-01T00:00:00Z", "timezone": "Europe/Berlin"},
    CalendarUse: {"only": ["office"], "on_closed": "next-working-day", "working_days": "office"},
    CatchUpPolicy: {"policy": "all", "max_late": "2h"},
    Batch: {"size": "25%", "order": "name", "on_failure": "go-on", "pause": "30s"},
    Retry: {"attempts": 2, "delay": "5m", "factor": 2, "max_delay": "1h"},
    OverlapPolicy: {"policy": "cancel new"},
    Dependency: {"job": "dump-db", "when": "always"},
    Parameter: {"type": "integer", "default": 7, "minimum": 1},
    Alarms: {"too_long": "20m", "too_short": "1s", "no_success_for": "26h", "over_usual": "+20%"},
    Calendar: {
        "hours": {"mon-fri": ["08:00-18:00"]},
        "holidays": ["DE/BE"],
        "dates": {"2026-12-24": "closed", "12-31": "08:00-12:00 half day"},
        "windows": [{"day": "sun", "at": "02:00", "lasts": "4h"}],
    },
    Window: {"starts": "2026-12-20T00:00", "ends": "2027-01-05T06:00", "reason": "freeze"},
}


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.__name__)
def test_a_value_is_read_from_a_site_file_and_a_wrong_key_is_refused(kind):
    adapter = TypeAdapter(kind)
    found = adapter.validate_python(WRITTEN[kind])
    assert isinstance(found, kind)
    assert adapter.validate_json(adapter.dump_json(found)) == found
    assert adapter.json_schema()["additionalProperties"] is False
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        adapter.validate_python({**WRITTEN[kind], "colour": "red"})


def test_a_duration_is_read_written_and_described_as_text():
    adapter = TypeAdapter(Duration)
    assert adapter.validate_python("1h30m") == timedelta(minutes=90)
    assert adapter.dump_json(timedelta(minutes=90)) == b'"1h30m"'
    assert adapter.json_schema()["type"] == "string"


def test_a_wrong_value_is_told_with_its_key():
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Schedule).validate_python({"cron": "0 6 * * *", "timezone": "Europe/Berln"})
    (error,) = refused.value.errors()
    assert error["ctx"]["error"].key == "timezone"
