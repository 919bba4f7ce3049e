"""One owned command on a real sshd, from the outside."""

from collections.abc import Iterator

import pytest

from deployments.lab import Lab
from models.vocabulary import Outcome
from tasks.tools.ssh import HostPool
from tests.drills.ssh_lab import as_target, shell
from tests.servers import need

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=2) as lab:
        yield lab


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


def test_a_command_on_a_host_gives_its_exit_code_and_both_streams(lab: Lab, pool: HostPool) -> None:
    result = pool.run(as_target(lab.hosts[0]), shell('echo "on $WATCHBILL_LAB_HOST"; echo oops >&2; exit 3'))
    assert (result.outcome, result.exit_code, result.message) == (Outcome.FAILED, 3, "exit code 3")
    assert (result.stdout.text(), result.stderr.text()) == ("on host1\n", "oops\n")
    assert result.fault is None
    assert not result.attached


def test_the_same_key_never_starts_a_second_time(lab: Lab, pool: HostPool) -> None:
    target = as_target(lab.hosts[0])
    once = shell("echo run >> ran; wc -l < ran", environment={"HOME": str(lab.hosts[0].folder)})
    first, second = pool.run(target, once), pool.run(target, once)
    assert (first.stdout.head, second.stdout.head) == (first.stdout.head, first.stdout.head)
    assert (first.attached, second.attached) == (False, True)


def test_a_good_host_passes_the_probe(lab: Lab, pool: HostPool) -> None:
    assert pool.trouble(as_target(lab.hosts[1])) is None
