"""Sparse files in a tar, in GNU's four formats: where their data belongs, and the holes between."""

from tasks.tools.backup.tar_members import (
    BLOCK,
    BrokenTar,
    Member,
    Pax,
    Piece,
    Sink,
    inside,
    number,
    text,
    whole_number,
)

LARGEST_MAP = 1_000_000
NUMBERS_IN_HEADER = slice(386, 482)
NUMBERS_IN_BLOCK = slice(0, 504)


def is_sparse(member: Member, pax: Pax) -> bool:
    """Whether a map says where this member's data belongs."""
    return member.type == b"S" or "GNU.sparse.map" in pax or "GNU.sparse.major" in pax


class SparseMap:
    """The map of one sparse member; `is_complete` once no more blocks belong to it."""

    def __init__(self, member: Member, block: bytes, pax: Pax) -> None:
        self.member = member
        self.is_complete = True
        self._numbers: list[int] = []
        self._collected = b""
        if member.type == b"S":
            member.size = number(block[483:495])
            self._numbers = _numbers(block[NUMBERS_IN_HEADER])
            self.is_complete = not block[482]
            return
        member.size = whole_number(pax.get("GNU.sparse.realsize") or pax.get("GNU.sparse.size") or "")
        if name := pax.get("GNU.sparse.name"):
            member.path = inside(name)
        if "GNU.sparse.map" in pax:
            self._numbers = [whole_number(word) for word in pax["GNU.sparse.map"].split(",") if word]
        elif (pax["GNU.sparse.major"], pax.get("GNU.sparse.minor")) == ("1", "0"):
            self.is_complete = False
        else:
            raise self._broken("is in a sparse format that is not known")

    def add(self, block: bytes) -> None:
        """One more block: GNU's own, or the beginning of the data in PAX 1.0. Raises BrokenTar."""
        if self.member.type == b"S":
            self._numbers += _numbers(block[NUMBERS_IN_BLOCK])
            self.is_complete = not block[504]
        else:
            self.member.stored -= BLOCK
            words = (self._collected + block).split(b"\n")
            self._collected = words.pop()
            self._numbers += [whole_number(text(word)) for word in words]
            count = self._numbers[0] if self._numbers else LARGEST_MAP
            self.is_complete = len(self._numbers) > 2 * count
            if self.is_complete:
                self._numbers = self._numbers[1 : 1 + 2 * count]
        if self.member.stored < 0 or len(self._numbers) > 2 * LARGEST_MAP or len(self._collected) > BLOCK:
            raise self._broken("is sparse, and its map has no end")

    def segments(self) -> list[tuple[int, int]]:
        """Offset and length of each piece of data: in order, inside the file, together what is stored."""
        numbers, end = self._numbers, 0
        if len(numbers) % 2 or sum(numbers[1::2]) != self.member.stored:
            raise self._broken("is sparse, and its map does not fit its data")
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        for offset, length in pairs:
            if offset < end or length < 0 or offset + length > self.member.size:
                raise self._broken("is sparse, and its map is not in order")
            end = offset + length
        return [pair for pair in pairs if pair[1]]

    def _broken(self, why: str) -> BrokenTar:
        return BrokenTar(f"{self.member.path!r} {why}")


class Spread:
    """Gives a sink one sparse file: its data where it belongs, and its holes."""

    def __init__(self, sink: Sink, found: SparseMap) -> None:
        self._sink = sink
        self._size = found.member.size
        self._segments = found.segments()[::-1]
        self._at = 0
        self._left = 0

    def data(self, piece: Piece) -> None:
        """The next bytes of what is stored."""
        taken = 0
        while taken < len(piece):
            if not self._left:
                offset, self._left = self._segments.pop()
                self._hole_to(offset)
            some = piece[taken : taken + self._left]
            self._sink.data(some)
            taken += len(some)
            self._left -= len(some)
            self._at += len(some)

    def end(self) -> None:
        """All of it was there; what is left of the file is a hole."""
        self._hole_to(self._size)
        self._sink.end()

    def _hole_to(self, offset: int) -> None:
        if offset > self._at:
            self._sink.hole(offset - self._at)
            self._at = offset


def _numbers(field: bytes) -> list[int]:
    """The pairs of numbers in one of GNU's own maps; an empty field ends it."""
    values = [field[at : at + 12] for at in range(0, len(field), 12)]
    used = next((at for at in range(0, len(values), 2) if not values[at].strip(b"\0 ")), len(values))
    return [number(value) for value in values[:used]]
