"""A real restic and a real server of its REST protocol (rclone's): made, filled, proven, checked; and turned away."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab.processes import free_port
from models.errors import BackupError
from models.vocabulary import BackupFault
from tests.drills.restic_lab import Vault, vault
from tests.drills.ssh_lab import until
from tests.servers import need

__all__ = ["vault"]
pytestmark = pytest.mark.drill
USER, WORD = "backup", "a-word-of-the-drill"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that asks for a user and a password."""
    rclone, port = str(need("rclone")), free_port("127.0.0.1")
    command = [
        rclone,
        "serve",
        "restic",
        "--addr",
        f"127.0.0.1:{port}",
        "--config",
        os.devnull,
        str(tmp_path / "served"),
    ]
    environment = {**os.environ, "RCLONE_USER": USER, "RCLONE_PASS": WORD}
    with (tmp_path / "rclone.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: "Serving restic REST API" in (tmp_path / "rclone.log").read_text())
        yield f"rest:http://127.0.0.1:{port}/shop"
    finally:
        process.kill()
        process.wait()


def test_a_repository_over_rest_is_made_filled_proven_and_copied(vault: Vault, server: str) -> None:
    address = server.replace("http://", f"http://{USER}:{WORD}@")
    vault.engine = vault.opened(address, name="far")
    vault.engine.prepare()
    vault.fill(5)
    taken = vault.take()
    vault.prove(taken)
    (copied,) = vault.engine.copy_to(vault.opened(name="near"), [taken.point_id])
    assert copied.original == taken.point_id
    assert vault.engine.check(None).faults == ()


def test_a_server_that_lets_us_not_in_is_named_without_the_password(vault: Vault, server: str) -> None:
    engine = vault.opened(server.replace("http://", f"http://{USER}:wrong-{WORD}@"), name="far")
    with pytest.raises(BackupError) as raised:
        engine.prepare()
    assert raised.value.fault in (BackupFault.UNREACHABLE, BackupFault.NO_REPOSITORY, BackupFault.ENGINE_FAILED)
    assert WORD not in str(raised.value)
