"""A kill is noticed by hosts whose turn has not come, without a question for each of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks import commands


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the database says at each look; the last one for ever."""
    said = [False, True]
    monkeypatch.setattr(commands, "_is_kill_requested", lambda _run: said.pop(0) if len(said) > 1 else said[0])
    return said


def test_hosts_whose_turn_comes_together_share_one_look(answers: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "KILL_LOOK_SECONDS", 60)
    watch = commands.KillWatch(None)
    with ThreadPoolExecutor(8) as executor:
        assert set(executor.map(lambda _: watch.is_requested(), range(100))) == {False}
    assert answers == [True], "one look"


def test_a_kill_is_seen_at_the_next_look_and_not_forgotten(
    answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "KILL_LOOK_SECONDS", 0)
    watch = commands.KillWatch(None)
    assert [watch.is_requested() for _ in range(3)] == [False, True, True]
    answers[:] = [False]
    assert watch.is_requested(), "a run whose end was asked for does not go on"
