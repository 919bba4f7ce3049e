"""One whole Watchbill for all the nights here."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, running_stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One whole Watchbill on SQLite; each test brings its own jobs by `reapply`."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
