"""Files of a request: their names and their bytes must both be of an accepted kind."""

import re

import pytest

from models.rules.catalogue.fields import FormField
from models.rules.catalogue.uploads import Upload, checked
from models.vocabulary import FieldType, FileKind

PNG = b"\x89PNG\r\n\x1a\nmore"
PDF = b"%PDF-1.7"
ASKED = FormField("scan", "Scan?", FieldType.FILE, accepts=tuple(FileKind), most_bytes=100)
ONLY_PDF = FormField("scan", "Scan?", FieldType.FILE, accepts=(FileKind.PDF,))

TAKEN = [
    ("notes.txt", "Grüße\r\n\tzwei\n".encode(), "text"),
    ("list.CSV", b"a,b\n", "an ending in capitals"),
    ("key.pub", b"ssh-ed25519 AAAA", "a public key"),
    ("a b.pdf", PDF, "a blank in the name"),
    ("shot.png", PNG, "a picture"),
    ("me.jpeg", b"\xff\xd8\xff\xe0", "a photograph"),
]
REFUSED = [
    (ASKED, "x.pdf", b"", "the file is empty", "nothing"),
    (ASKED, "x.txt", b"x" * 101, "has 101 bytes; at most 100", "too large"),
    (ASKED, "x.exe", b"MZ", 'a file named "x.exe" is not accepted; allowed: .txt', "another kind"),
    (ASKED, "pdf", PDF, "is not accepted", "no ending"),
    (ASKED, "x.pdf", PNG, '"x.pdf" is no pdf file inside', "a picture that is called otherwise"),
    (ASKED, "x.txt", b"MZ\x00\x01", "no text file inside", "a program that is called text"),
    (ASKED, "x.txt", b"\xff\xfe", "no text file inside", "not UTF-8"),
    (ASKED, "x.txt", b"a\x1b[2J", "no text file inside", "escape sequences"),
    (ONLY_PDF, "x.png", PNG, "allowed: .pdf", "a kind that this field does not accept"),
    (ASKED, "../x.pdf", PDF, "must be plain", "a way out"),
    (ASKED, "a\\x.pdf", PDF, "must be plain", "a folder of another system"),
    (ASKED, ".x.pdf", PDF, "must be plain", "a hidden file"),
    (ASKED, "-x.pdf", PDF, "must be plain", "an option"),
    (ASKED, "x\n.pdf", PDF, "must be plain", "two lines"),
    (ASKED, "fdp\u202e.pdf", PDF, "must be plain", "a name that reads backwards"),
    (ASKED, "", PDF, "must be plain", "no name"),
    (ASKED, f"{'x' * 120}.pdf", PDF, "must be plain", "a long name"),
]


@pytest.mark.parametrize(("name", "content", "reason"), TAKEN, ids=[case[-1] for case in TAKEN])
def test_a_file_of_an_accepted_kind_is_taken(name: str, content: bytes, reason: str) -> None:
    assert checked(ASKED, Upload(name, content)).content == content, reason


@pytest.mark.parametrize(("asked", "name", "content", "words", "reason"), REFUSED, ids=[case[-1] for case in REFUSED])
def test_any_other_file_is_refused(asked: FormField, name: str, content: bytes, words: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        checked(asked, Upload(name, content))


def test_a_file_is_bound_by_its_bytes() -> None:
    assert Upload("x.pdf", PDF).words != Upload("x.pdf", PDF[:-1] + b"6").words
