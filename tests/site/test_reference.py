"""The reference of the site files says what the models say."""

import os

import pytest

from tests.site.reference_tables import REFERENCE, blocks_in, blocks_of, pages, schemas, with_tables


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_in_step_with_the_models(name: str) -> None:
    """To bring it in step: WATCHBILL_WRITE_DOCS=1 pytest tests/site/test_reference.py"""
    page = pages()[name]
    wanted = with_tables(name, page)
    if os.environ.get("WATCHBILL_WRITE_DOCS"):
        (REFERENCE / name).write_text(wanted, encoding="utf-8")
        page = wanted
    assert page == wanted


def test_the_reference_has_one_table_for_every_block() -> None:
    found = [block for page in pages().values() for _, block in blocks_in(page)]
    assert sorted(found) == sorted({block for schema in schemas().values() for block in blocks_of(schema)})
