"""Which of the events that come in can release a slot: a table of cases."""

import pytest

from models.rules.events import NewEvent
from models.rules.incoming import Incoming
from models.rules.named_events import named_event
from models.vocabulary import EventStatus, Severity

DONE = Incoming("watchbill", "load-done", EventStatus.INFORMATIONAL, Severity.INFO, source="dwh")


@pytest.mark.parametrize(
    ("event", "named"),
    [
        pytest.param(DONE, NewEvent("load-done", "dwh"), id="our own word"),
        pytest.param(
            DONE._replace(key="k1", text="all loaded", facts={"rows": 12, "on": "db1"}),
            NewEvent("load-done", "dwh", "all loaded", {"rows": "12", "on": "db1"}, "k1"),
            id="with all that it may say",
        ),
        pytest.param(DONE._replace(status=EventStatus.FIRING), None, id="a condition"),
        pytest.param(DONE._replace(format="cloudevents"), None, id="another's word"),
        pytest.param(DONE._replace(name="Load done"), None, id="a name that no job can wait for"),
        pytest.param(DONE._replace(facts={"a b": 1}), None, id="a fact that no event has"),
    ],
)
def test_an_event_that_a_job_may_wait_for(event: Incoming, named: NewEvent | None) -> None:
    assert named_event(event) == named
