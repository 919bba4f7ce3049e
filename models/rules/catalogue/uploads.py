"""Files that belong to a request: small, and of a kind that the field accepts by their name and by their bytes."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from models.rules.catalogue.fields import FormField
from models.vocabulary import FileKind

LONGEST_NAME = 120
ENDINGS = {
    FileKind.TEXT: (".txt", ".csv", ".md", ".log", ".pub"),
    FileKind.PDF: (".pdf",),
    FileKind.PNG: (".png",),
    FileKind.JPEG: (".jpg", ".jpeg"),
}
BEGINNINGS = {
    FileKind.PDF: b"%PDF-",
    FileKind.PNG: b"\x89PNG\r\n\x1a\n",
    FileKind.JPEG: b"\xff\xd8\xff",
}
_CONTROLS = frozenset(chr(code) for code in range(32)) - frozenset("\t\n\r\f")


@dataclass(frozen=True)
class Upload:
    """A file as somebody gave it."""

    name: str
    content: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def words(self) -> str:
        """What the request keeps of it: the name, the size and the fingerprint, which the approval binds."""
        return f"{self.name} ({len(self.content)} bytes, sha256 {self.sha256})"


def checked(asked: FormField, upload: Upload) -> Upload:
    """The file. Raises ValueError with what the field accepts."""
    if not _is_plain(upload.name):
        raise ValueError(f"the file's name must be plain, without folders, of at most {LONGEST_NAME} characters")
    size = len(upload.content)
    if size > asked.largest:
        raise ValueError(f"the file has {size} bytes; at most {asked.largest} are accepted")
    if not size:
        raise ValueError("the file is empty")
    kinds = [kind for kind in asked.accepts if upload.name.lower().endswith(ENDINGS[kind])]
    if not kinds:
        endings = [ending for kind in asked.accepts for ending in ENDINGS[kind]]
        raise ValueError(f'a file named "{upload.name}" is not accepted; allowed: {", ".join(endings)}')
    if not _looks_like(kinds[0], upload.content):
        raise ValueError(f'"{upload.name}" is no {kinds[0].value} file inside')
    return upload


def _is_plain(name: str) -> bool:
    is_short = 0 < len(name) <= LONGEST_NAME
    return is_short and name.isprintable() and not name.startswith((".", "-")) and not {"/", "\\"} & set(name)


def _looks_like(kind: FileKind, content: bytes) -> bool:
    if kind is not FileKind.TEXT:
        return content.startswith(BEGINNINGS[kind])
    try:
        return _CONTROLS.isdisjoint(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False
