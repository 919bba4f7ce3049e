"""The reference of the site files says what the models say."""

import os

from models.site.schema import schemas
from tests.site.reference_tables import PAGE, blocks_in, blocks_of, with_tables


def test_the_reference_is_in_step_with_the_models() -> None:
    """To bring it in step: WATCHBILL_WRITE_DOCS=1 pytest tests/site/test_reference.py"""
    page = PAGE.read_text(encoding="utf-8")
    wanted = with_tables(page)
    if os.environ.get("WATCHBILL_WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
        page = wanted
    assert page == wanted


def test_the_reference_has_a_table_for_every_block() -> None:
    found = {block for _, block in blocks_in(PAGE.read_text(encoding="utf-8"))}
    assert found == {block for schema in schemas().values() for block in blocks_of(schema)}
