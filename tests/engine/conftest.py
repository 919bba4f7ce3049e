"""One Prefect server for all the tests of the engine."""

from collections.abc import Iterator

import pytest

from deployments.engine.prefect_server import running_server
from tests.prefect_lab import PrefectLab


@pytest.fixture(scope="package")
def prefect_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectLab]:
    """One Prefect server, some four seconds after the first time on a machine."""
    home = tmp_path_factory.mktemp("prefect-lab")
    with running_server(home) as server:
        lab = PrefectLab(home, server)
        yield lab
        lab.close()


@pytest.fixture
def prefect_here(prefect_lab: PrefectLab) -> Iterator[PrefectLab]:
    """Flows called in the test run against the lab's server."""
    with prefect_lab.settings():
        yield prefect_lab
