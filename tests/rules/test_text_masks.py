"""What varies in a text from a machine, and the words that are left."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.text_masks import masked, without_names, words_of

MASKS = [
    pytest.param("Took 54 ms", "took <number> ms", id="a number"),
    pytest.param("took 54ms, 95% of 3.5GB", "took <number>, <number> of <number>", id="numbers with units"),
    pytest.param("error:5 rc=17", "error:<number> rc=<number>", id="the word before a number stays"),
    pytest.param("2,500.7 rows", "<number>,<number> rows", id="thousands"),
    pytest.param("Disk full on web01", "disk full on <name>", id="a host with a number"),
    pytest.param("db-prod-02.example.org is down", "<name> is down", id="a long host name"),
    pytest.param("ORA-00942 raised", "<name> raised", id="a code"),
    pytest.param("from 10.2.3.4:8080", "from <address>", id="an address with its port"),
    pytest.param("aa:bb:cc:01:02:03 flaps", "<address> flaps", id="a network card"),
    pytest.param("cannot read /srv/x9/f", "cannot read <path>", id="a path"),
    pytest.param("cannot read C:\\temp\\x.log", "cannot read <path>", id="a path of Windows"),
    pytest.param("GET https://a.example/b?c=1 failed", "get <path> failed", id="an address of the web"),
    pytest.param("and/or 5/x", "and/or <number>/x", id="a slash between words is no path"),
    pytest.param("at 2026-11-22T03:04:05Z", "at <time>", id="a time"),
    pytest.param("2026-11-22 03:04:05.123 late", "<time> <time> late", id="a date and a time"),
    pytest.param("id 123e4567-e89b-12d3-a456-426614174000", "id <hex>", id="a uuid"),
    pytest.param("commit a3f9c2d17 0xdeadBEEF1", "commit <hex> <hex>", id="hexadecimal"),
    pytest.param("disk full", "disk full", id="nothing varies"),
    pytest.param("<number> of <path>", "<number> of <path>", id="a mask stays"),
    pytest.param("", "", id="nothing at all"),
]


@pytest.mark.parametrize(("text", "expected"), MASKS)
def test_what_varies_has_a_mask(text: str, expected: str) -> None:
    assert masked(text) == expected


@given(st.text(st.sampled_from("aB9.:-/\\<>x% \n_'"), max_size=40) | st.text(max_size=40))
def test_masking_twice_masks_no_more(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Disk full on web01: 97 % of /srv/x", ["disk", "full", "on", "of"], id="what varies is left out"),
        pytest.param("payroll_export failed (rc=4)", ["payroll", "export", "failed", "rc"], id="marks part words"),
        pytest.param("Größe\nüberschritten", ["größe", "überschritten"], id="lines, and other letters"),
        pytest.param("4711 10.0.0.1", [], id="no words at all"),
    ],
)
def test_the_words_of_a_text(text: str, expected: list[str]) -> None:
    assert words_of(text) == expected


@given(st.text(st.sampled_from("aB9.:-/\\<>x% _'"), max_size=30))
def test_the_words_are_what_the_masks_leave(text: str) -> None:
    left = "".join(sign if sign.isalpha() else " " for sign in re.sub("<[a-z]+>", " ", masked(text)))
    assert words_of(text) == left.split()


def test_a_known_name_is_masked_where_it_is_a_word_of_its_own() -> None:
    assert without_names("Till-North: till-northern queue, TILL", ["till-north", None, "till"]) == (
        "<name>: <name>-northern queue, <name>"
    )
