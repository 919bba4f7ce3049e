"""The request to end: seen by who waits, and safe to make in a signal handler."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from deployments.engine.stopping import Stop, stop_on_signal

ROUNDS = 2_000
"""`threading.Event` in its place hung within this many."""


@pytest.fixture
def handlers() -> Iterator[None]:
    numbers = (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_who_waits_sees_the_request_and_it_stays() -> None:
    stop = Stop()
    assert not stop.is_set()
    assert not stop.wait(0.001)
    threading.Timer(0.01, stop.set).start()
    assert stop.wait(10)
    assert stop.is_set()
    assert stop.wait()


def test_several_threads_see_one_request() -> None:
    stop = Stop()
    seen: list[bool] = []
    threads = [threading.Thread(target=lambda: seen.append(stop.wait(10))) for _ in range(4)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("handlers")
def test_a_signal_in_the_midst_of_a_wait_does_not_hang() -> None:
    for number in range(ROUNDS):
        stop = Stop()
        signal.signal(signal.SIGALRM, lambda *_, asked=stop: asked.set())
        signal.setitimer(signal.ITIMER_REAL, 0.000_2 + number % 50 * 0.000_001)
        while not stop.is_set():
            stop.wait(0.000_01)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_is_asked_by_signal(number: signal.Signals) -> None:
    stop = stop_on_signal()
    begun = time.monotonic()
    signal.raise_signal(number)
    assert stop.wait(10)
    assert time.monotonic() - begun < 5
