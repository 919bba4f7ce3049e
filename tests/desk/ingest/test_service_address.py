"""Where the desk listens: the chosen port and no other; without one the last, the usual, or any."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from desk.ingest import service
from desk.ingest.service import listen
from desk.services.desk_address import address_note
from models.errors import EngineError
from models.settings import Settings


@pytest.fixture
def port_of(tmp_path: Path) -> Callable[[int | None], int]:
    """Listens for a moment as these settings say; gives the port."""

    def listened(port: int | None) -> int:
        with listen(Settings(home=tmp_path, desk_port=port)) as listener:
            got: int = listener.getsockname()[1]
            assert address_note(tmp_path).read_text() == f"http://127.0.0.1:{got}\n"
        return got

    return listened


@pytest.fixture
def taken() -> int:
    """A port that somebody has as long as the test lasts."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_chosen_port_is_taken_or_nothing(port_of: Callable[[int | None], int], taken: int) -> None:
    chosen = port_of(0)
    assert port_of(chosen) == chosen
    with pytest.raises(EngineError, match=f"port {taken}.*WATCHBILL_DESK_PORT"):
        port_of(taken)


def test_without_a_chosen_port_it_stays_the_one_of_last_time(
    port_of: Callable[[int | None], int], taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "USUAL_PORT", taken)
    first = port_of(None)
    assert first != taken
    assert port_of(None) == first


def test_the_usual_port_is_taken_when_it_is_free(
    port_of: Callable[[int | None], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        usual = other.getsockname()[1]
    monkeypatch.setattr(service, "USUAL_PORT", usual)
    assert port_of(None) == usual


def test_an_address_that_is_not_ours_is_an_error_with_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="WATCHBILL_DESK_HOST"):
        listen(Settings(home=tmp_path, desk_host="192.0.2.1", desk_port=0))


def test_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    with listen(Settings(home=tmp_path, desk_port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP, "asyncio switches Nagle's algorithm off for nothing else"
