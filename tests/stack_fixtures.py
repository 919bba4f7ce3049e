"""The fixtures of `tests.stack`, as a plugin: one stack for all the modules that ask for it."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One whole Watchbill on SQLite for the session."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
