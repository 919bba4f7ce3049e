"""A tar that comes in pieces, told member by member while it passes. One walk serves backups and restores."""

from collections.abc import Callable

from tasks.tools.backup.tar_members import (
    BLOCK,
    BrokenTar,
    Member,
    Pax,
    Piece,
    Sink,
    member_of,
    number,
    pax_records,
    verified,
)
from tasks.tools.backup.tar_members import text as field_text
from tasks.tools.backup.tar_sparse import SparseMap, Spread, is_sparse

ZEROS = bytes(BLOCK)
LARGEST_HEADER = 4 << 20


class TarWalker:
    """Walks a tar that is fed piece by piece.

    Raises BrokenTar and UnsafeTar, and what the sink raises. What follows the end mark is not looked at.
    """

    def __init__(self, sink: Sink) -> None:
        self.is_ended = False
        self._sink = sink
        self._rest = b""
        self._left = 0  # bytes of data still to come
        self._padding = 0
        self._take: Callable[[Piece], None] = sink.data
        self._done: Callable[[], None] = sink.end
        self._collected = bytearray()
        self._pax: Pax = {}
        self._global: Pax = {}
        self._names: dict[bytes, str] = {}
        self._sparse: SparseMap | None = None

    def feed(self, piece: bytes) -> None:
        """The next bytes of the tar."""
        data = self._rest + piece if self._rest else piece
        view, at, size = memoryview(data), 0, len(data)
        while not self.is_ended:
            if self._left:
                taken = min(self._left, size - at)
                if not taken:
                    break
                self._take(view[at : at + taken])
                at += taken
                self._left -= taken
                if self._left:
                    break
                self._done()
            if self._padding:
                skipped = min(self._padding, size - at)
                self._padding -= skipped
                at += skipped
            if size - at < BLOCK:
                break
            self._block(data[at : at + BLOCK])
            at += BLOCK
        self._rest = b"" if self.is_ended else data[at:]

    def end(self) -> None:
        """There are no more bytes. Raises BrokenTar when the tar had not come to its end."""
        if not self.is_ended:
            raise BrokenTar("the archive ends in the middle")

    def _block(self, block: bytes) -> None:
        if self._sparse:
            self._sparse.add(block)
            self._begin_when_mapped(self._sparse)
            return
        if block == ZEROS:
            self.is_ended = True
            return
        verified(block)
        kind = block[156:157]
        if kind in (b"x", b"g", b"L", b"K"):
            self._collect(kind, number(block[124:136]))
            return
        pax = self._global | self._pax if self._global else self._pax
        member = member_of(block, pax, self._names.get(b"L"), self._names.get(b"K"))
        self._pax, self._names = {}, {}
        if is_sparse(member, pax):
            self._sparse = SparseMap(member, block, pax)
            self._begin_when_mapped(self._sparse)
        else:
            self._begin(member, self._sink)

    def _begin_when_mapped(self, found: SparseMap) -> None:
        if found.is_complete:
            self._sparse = None
            self._begin(found.member, Spread(self._sink, found))

    def _begin(self, member: Member, sink: Sink | Spread) -> None:
        self._sink.begin(member)
        self._left, self._padding = member.stored, -member.stored % BLOCK
        self._take, self._done = sink.data, sink.end
        if not self._left:
            self._done()

    def _collect(self, kind: bytes, size: int) -> None:
        if not 0 < size <= LARGEST_HEADER:
            raise BrokenTar(f"an extended header says that it has {size} bytes")
        self._collected.clear()
        self._left, self._padding = size, -size % BLOCK
        self._take = self._collected.extend
        self._done = lambda: self._extend(kind, bytes(self._collected))

    def _extend(self, kind: bytes, data: bytes) -> None:
        if kind == b"x":
            self._pax |= pax_records(data)
        elif kind == b"g":
            self._global |= pax_records(data)
        else:
            self._names[kind] = field_text(data)
