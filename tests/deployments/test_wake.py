"""Waking workers."""

import socket
from pathlib import Path

from deployments.engine.wake import is_listening, wake, wake_socket


def test_a_worker_hears_that_there_is_work(tmp_path: Path) -> None:
    assert not is_listening(tmp_path)
    with wake_socket(tmp_path) as worker:
        assert is_listening(tmp_path)
        assert wake(tmp_path) == 1
        assert worker.recv(16) == b"work"


def test_without_a_worker_nothing_happens(tmp_path: Path) -> None:
    assert wake(tmp_path) == 0


def test_a_wake_up_never_waits_for_a_worker_that_does_not_listen(tmp_path: Path) -> None:
    with wake_socket(tmp_path):
        assert all(wake(tmp_path) == 1 for _ in range(2000))


def test_the_socket_of_a_killed_worker_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "wake"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(folder / "1.sock"))
    assert wake(tmp_path) == 0
    assert list(folder.iterdir()) == []


def test_only_its_own_user_can_wake_a_worker(tmp_path: Path) -> None:
    with wake_socket(tmp_path):
        (path,) = (tmp_path / "wake").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_a_home_may_be_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 20) / ("deeper" * 20)
    with wake_socket(home):
        assert wake(home) == 1
