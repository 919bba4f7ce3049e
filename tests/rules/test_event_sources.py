"""Who may send: a source without a proof, or with one that would count twice, is refused where it stands."""

from datetime import timedelta
from typing import Any

import pytest

from models.rules.event_sources import EventSource, Signature
from models.rules.field_error import FieldError
from models.vocabulary import EventFormat


@pytest.mark.parametrize(
    ("given", "key"),
    [
        pytest.param({}, "name", id="nothing proves who it is"),
        pytest.param({"token": "secret://t", "expected_every": timedelta(0)}, "expected_every", id="never silent"),
    ],
)
def test_a_source_that_cannot_be_is_refused_by_its_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(FieldError) as error:
        EventSource("probe", **given)
    assert error.value.key == key


@pytest.mark.parametrize("window", [timedelta(0), timedelta(hours=24, seconds=1)], ids=["none", "past what is kept"])
def test_a_window_that_lets_nothing_or_a_replay_in_is_refused(window: timedelta) -> None:
    with pytest.raises(FieldError):
        Signature("secret://key", window=window)


@pytest.mark.parametrize(
    ("formats", "taken"),
    [
        pytest.param((), True, id="none named: all"),
        pytest.param((EventFormat.NAGIOS,), True, id="named"),
        pytest.param((EventFormat.PING,), False, id="another named"),
    ],
)
def test_a_source_sends_the_formats_that_it_names(formats: tuple[EventFormat, ...], taken: bool) -> None:
    assert EventSource("probe", formats, token="secret://t").may_send(EventFormat.NAGIOS) is taken
