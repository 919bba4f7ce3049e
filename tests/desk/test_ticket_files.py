"""Files of tickets are read in whatever form they come, or refused in one sentence that says where."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from desk.services import ticket_files
from desk.services.errors import Misuse
from desk.services.ticket_files import TicketFile
from models.errors import Refused, WatchbillError
from models.rules.ticket_map import FileForm

ROWS = 'number,title\nA1,Grüße\nA2,"two\nlines, and a comma"\n\nA3,x\n'


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            # Without the time of now: the bytes are in the names of tests, and all processes must collect the same.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def read(file: Path, data: bytes, form: FileForm) -> list[tuple[int, list[str]]]:
    file.write_bytes(data)
    found = TicketFile(file, form)
    found.digest()
    return [(line.number, line.cells) for line in found.rows()]


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (ROWS.encode(), FileForm()),
        (ROWS.encode("utf-8-sig"), FileForm(encoding="utf-8")),
        (ROWS.encode("latin-1"), FileForm(encoding="latin-1")),
        (ROWS.encode("utf-16"), FileForm(encoding="utf-16")),
        (ROWS.replace("\n", "\r\n").encode(), FileForm()),
        (ROWS.replace(",", ";").replace("; and", ", and").encode(), FileForm(separator=";")),
        (ROWS.replace(",", "\t").replace("\t and", ", and").encode(), FileForm(separator="tab")),
        (ROWS.replace('"', "'").encode(), FileForm(quote="'")),
        (gzip.compress(ROWS.encode(), mtime=0), FileForm()),
        (zipped(("log.csv", ROWS.encode())), FileForm()),
        (zipped(("__MACOSX/._log.csv", b"x"), ("log.csv", ROWS.encode())), FileForm()),
    ],
)
def test_a_file_is_read_with_the_numbers_of_its_lines(data: bytes, form: FileForm, tmp_path: Path) -> None:
    rows = read(tmp_path / "log", data, form)
    assert [(number, cells[0]) for number, cells in rows] == [(1, "number"), (2, "A1"), (3, "A2"), (6, "A3")]
    assert rows[1][1][1] == "Grüße"
    assert rows[2][1][1].split() == ["two", "lines,", "and", "a", "comma"]


def test_a_file_without_a_header_has_the_names_of_the_map(tmp_path: Path) -> None:
    form = FileForm(header=False, columns=("number", "title"))
    assert read(tmp_path / "log", b"A1,x\n", form) == [(0, ["number", "title"]), (1, ["A1", "x"])]


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    assert read(tmp_path / "log", b"number;;\n;;\n", FileForm(separator=";")) == [
        (1, ["number", "column 2", "column 3"])
    ]


@pytest.mark.parametrize(
    ("data", "form", "words"),
    [
        (b"", FileForm(), "is empty (0 bytes)"),
        (b"\n\n", FileForm(), "not even a header"),
        ("a,b\nA1,x\nA2,Grüße\n".encode("latin-1"), FileForm(), ":3: is not utf-8 here"),
        ("a,b\n".encode("utf-16"), FileForm(), "probably utf-16"),
        ("a,b\n".encode("utf-16-le"), FileForm(), ":1: a NUL"),
        (b"a,b\nA1,\0\n", FileForm(), ":2: a NUL"),
        ("a,ü".encode()[:-1], FileForm(encoding="utf-8"), "in the middle of a character"),
        (gzip.compress(ROWS.encode(), mtime=0)[:-12], FileForm(), "is damaged"),
        (b"\x1f\x8bno gzip at all", FileForm(), "is damaged"),
        (b"PK\x03\x04no zip at all", FileForm(), "is damaged"),
        (zipped(("a.csv", b"a"), ("b.csv", b"b")), FileForm(), "holds 2 files (a.csv, b.csv)"),
        (zipped(), FileForm(), "PK"),
        (zipped(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), FileForm(), "save its sheet as CSV"),
        (b'a,b\nA1,"x\n' + b"x\n" * ticket_files.LONGEST_CELL, FileForm(), ":2: a quote is opened there"),
        (b'a,b\nA1,"x\nA2,y\nA3,z', FileForm(), ":2: a quote is opened there and never closed"),
        (b"x" * (ticket_files.LONGEST_CELL + 9) + b"\nA1\n", FileForm(), ":1: a cell of more than 1,048,576"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(data: bytes, form: FileForm, words: str, tmp_path: Path) -> None:
    if words == "PK":  # an empty archive begins in another way, and is read as a text that holds a NUL
        words = "a NUL"
    with pytest.raises(Refused) as caught:
        read(tmp_path / "log", data, form)
    assert str(caught.value).startswith(str(tmp_path / "log"))
    assert words in str(caught.value)


def test_of_a_cell_that_is_too_long_only_its_row_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"a,b\nA1," + b"x" * (ticket_files.LONGEST_CELL + 9) + b"\nA2,y\n")
    assert [(line.number, bool(line.problem)) for line in TicketFile(file, FileForm()).rows()] == [
        (1, False),
        (2, True),
        (3, False),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("bomb.csv", data))], ids=["gz", "zip"])
def test_a_bomb_is_refused_before_it_grows(pack: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_files, "FREE_BYTES", 1024**2)
    with pytest.raises(Refused, match="250 times its size"):
        read(tmp_path / "bomb", pack(b"a,b\n" + b"0" * 6 * 1024**2), FileForm())  # type: ignore[operator]


def test_what_is_no_file_is_a_misuse(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(Misuse, match="cannot be read"):
            TicketFile(path, FileForm()).digest()
    assert issubclass(Misuse, WatchbillError)
