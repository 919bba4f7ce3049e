"""What is kept of a stream: its head, its tail, how long it was, and a hash of all of it."""

import hashlib
import re
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 256 * 1024

# C0 without tab and newline, DEL, C1, and the marks that turn the direction of writing (FAULTS S39).
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Kept:
    """A stream as it is kept: all of it up to 320 KiB, else the first 64 KiB and the last 256 KiB."""

    head: bytes
    tail: bytes
    size: int  # bytes that the command wrote
    sha256: str  # of all of them; empty where the host could not say

    @property
    def cut(self) -> bool:
        """Is the middle missing?"""
        return self.size > len(self.head) + len(self.tail)

    def text(self) -> str:
        """The stream for people: bytes that are no UTF-8 and characters that steer a terminal are spelt out."""
        if not self.cut:
            return plain(self.head + self.tail)
        missing = self.size - len(self.head) - len(self.tail)
        return f"{plain(self.head)}\n[... {missing} bytes not kept ...]\n{plain(self.tail)}"


def kept(stream: bytes) -> Kept:
    """A whole stream as it is kept."""
    size = len(stream)
    tail = stream[max(HEAD_BYTES, size - TAIL_BYTES) :]
    return Kept(stream[:HEAD_BYTES], tail, size, hashlib.sha256(stream).hexdigest())


def plain(stream: bytes) -> str:
    """Bytes as text that no terminal and no bidirectional page can be steered by; newlines and tabs stay."""
    text = stream.decode("utf-8", errors="backslashreplace")
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
