"""This machine as a host, and connections to it."""

from collections.abc import Iterator

import pytest

from tasks.tools.ssh import HostPool, Target


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Target:
    folder = tmp_path_factory.mktemp("host")
    return Target("here", connection="local", run_directory=str(folder / "watchbill"), slots=8)
