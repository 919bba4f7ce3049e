"""All probes of a round at once: in their order, and none waited for when its time is over."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from models.queries.probes import Asked
from models.rules.probes import Observed
from models.vocabulary import ProbeVerdict
from tasks.probes import Act, _all_at_once
from tests.tasks.probes.made import probe

FINE = Observed("fine")


def asked(*names: str) -> tuple[Asked, ...]:
    return tuple(Asked(probe(name, load={}), "web1", {}) for name in names)


@pytest.fixture
def hanging() -> Iterator[Act]:
    """Two probes of a host that does not answer, as long as the test."""
    over = threading.Event()

    def hang() -> list[Observed]:
        over.wait(10)
        return [FINE, FINE]

    yield Act(asked("slow", "slower"), hang)
    over.set()


def test_what_has_no_answer_when_the_time_of_the_round_is_over_is_unknown(hanging: Act) -> None:
    quick = Act(asked("quick"), lambda: [FINE])
    found = {one.probe.name: one.observed for one in _all_at_once([hanging, quick], timedelta(seconds=0.2))}
    assert found["quick"] == FINE
    late = Observed("was not read within 0.2s, the time of the whole round", verdict=ProbeVerdict.UNKNOWN)
    assert (found["slow"], found["slower"]) == (late, late)


def test_each_reading_is_of_its_probe() -> None:
    acts = [Act(asked(f"a{n}", f"b{n}"), lambda n=n: [Observed(f"a{n}"), Observed(f"b{n}")]) for n in range(100)]
    found = _all_at_once(acts, timedelta(seconds=30))
    assert len(found) == 200
    assert all(one.observed.text == one.probe.name and one.host == "web1" for one in found)


def test_a_round_of_nothing_is_nothing() -> None:
    assert _all_at_once([], timedelta(0)) == []
