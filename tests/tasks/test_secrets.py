"""Secrets: references only, resolved late, and taken out of output however it is encoded or cut."""

import base64
import shlex
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.secrets import SecretMissing, SecretStore
from tasks.tools.redaction import Redactor

SECRET = "hunter2-with 'quote'/slash"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop-db").write_text(f"{SECRET}\n")
    (tmp_path / "shop-db").chmod(0o600)
    return tmp_path


def test_a_reference_is_resolved_from_its_file(folder: Path) -> None:
    assert SecretStore(folder).resolve_all({"PASSWORD": "secret://shop-db"}) == {"PASSWORD": SECRET}


def test_the_credentials_folder_of_systemd_is_looked_into(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert SecretStore(tmp_path_factory.mktemp("empty")).resolve("secret://shop-db") == SECRET


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("secret://nowhere", "no such file in .*put the value there, mode 600"),
        ("hunter2", "is not a reference: it looks like secret://name"),
        ("secret://../etc/passwd", "is not a reference"),
        ("secret://", "is not a reference"),
    ],
)
def test_what_cannot_be_resolved_says_where_it_was_looked_for(folder: Path, reference: str, why: str) -> None:
    with pytest.raises(SecretMissing, match=why):
        SecretStore(folder).resolve(reference)


def test_a_secret_that_others_can_read_is_refused(folder: Path) -> None:
    (folder / "shop-db").chmod(0o640)
    with pytest.raises(SecretMissing, match="can be read by others: chmod 600"):
        SecretStore(folder).resolve("secret://shop-db")


@pytest.mark.parametrize(
    "printed",
    [
        SECRET,
        shlex.quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"u:" + SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode() + b"\n").decode(),
    ],
)
def test_a_secret_is_redacted_in_the_forms_in_which_programs_print_it(printed: str) -> None:
    cleaned = Redactor({"PASSWORD": SECRET}).clean(f"before {printed} after".encode())
    assert b"[redacted:PASSWORD]" in cleaned
    assert cleaned.startswith(b"before ")
    assert cleaned.endswith(b" after")
    for part in (b"hunter2", base64.b64encode(b"hunter2-with")[2:12]):
        assert part not in cleaned


def test_a_short_value_does_not_black_out_ordinary_words() -> None:
    assert Redactor({"PIN": "1234"}).clean(b"12345") == b"12345"


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, len("s3cr3t-canary")))
def test_a_secret_that_the_cut_of_a_long_output_split_leaves_no_long_piece(
    before: bytes, after: bytes, cut: int
) -> None:
    secret = b"s3cr3t-canary"
    head, tail = Redactor({"S": secret.decode()}).clean_cut(before + secret[:cut], secret[cut:] + after)
    for kept in (head, tail):
        assert secret not in kept
    if cut > 3:
        assert not head.endswith(secret[:cut])
