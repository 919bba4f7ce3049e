"""A real restic over a real sshd: our pinned keys, and nobody else's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployments.lab import Lab, openssh
from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.owners import is_dead
from tasks.tools.ssh import Target
from tests.drills.restic_lab import Vault, vault
from tests.drills.ssh_lab import as_target
from tests.servers import need

__all__ = ["vault"]
pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A lab host with sftp."""
    need("sshd")
    need("ssh")
    server = need("sftp-server")
    plain = openssh.Sshd._config
    with pytest.MonkeyPatch.context() as patch:
        # The lab's hosts offer no sftp: nothing else of ours needs it.
        patch.setattr(openssh.Sshd, "_config", lambda sshd: f"Subsystem sftp {server}\n{plain(sshd)}")
        with Lab(tmp_path_factory.mktemp("lab"), hosts=1, kind="OpenSSH sshd") as lab:
            yield as_target(lab.hosts[0])


def test_a_repository_over_sftp_is_made_filled_proven_and_unlocked(vault: Vault, host: Target) -> None:
    vault.engine = vault.opened(f"sftp:{host.name}:{vault.folder}/far", name="far", host=host)
    vault.engine.prepare()
    vault.fill(5)
    taken = vault.take()
    vault.prove(taken)
    local = vault.opened(name="drill")
    (copied,) = vault.engine.copy_to(local, [taken.point_id])
    assert copied.original == taken.point_id
    assert vault.engine.check(None).faults == ()
    assert vault.engine.unlock(is_dead) == []


@pytest.mark.parametrize("wrong", ["key", "port"])
def test_a_host_that_is_not_the_pinned_one_gets_nothing(vault: Vault, host: Target, wrong: str) -> None:
    other = replace(
        host, host_keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEyW6p0h7ZcJXqfJk3cKp0bF0n0hN0m0Zb4m8mJ0aaaa",)
    )
    target = other if wrong == "key" else replace(host, port=1)
    engine = vault.opened(f"sftp:{host.name}:{vault.folder}/far", name=wrong, host=target)
    with pytest.raises(BackupError) as raised:
        engine.prepare()
    assert raised.value.fault is BackupFault.UNREACHABLE
    assert not (vault.folder / "far").exists()
