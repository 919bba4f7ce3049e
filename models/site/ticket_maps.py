"""Reads MAP.yaml: how a file of another tool is read as tickets, or every fault of the map with its place."""

from pathlib import Path as FilePath

from models.errors import Place, SiteError
from models.rules.ticket_map import TicketMap
from models.site.documents import Document, SourceEntry
from models.site.loading import plain_mapping
from models.site.reading import read_tree
from models.site.references import Kind
from models.site.tree import Path
from models.site.validation import Shape, make

SHAPE = Shape(TicketMap, key_field="")


class LoadedMap:
    """A map, and where its keys stand in its file."""

    def __init__(self, document: Document, ticket_map: TicketMap) -> None:
        self._document, self.map = document, ticket_map

    def fault(self, path: Path, message: str) -> SiteError:
        """A fault of the map that only the file of tickets shows."""
        return SiteError([self._document.place(path, message)])


def load_map(file: FilePath) -> LoadedMap:
    """The map in a file. Raises SiteError with every fault of it."""
    tree, places = read_tree(file, str(file))
    if tree is None:
        raise SiteError(places)
    document = Document("ticket map", str(file), tree)
    made = make(SourceEntry(Kind.SITE, "", document, (), tree), SHAPE, plain_mapping(tree))
    if places or made.places or made.value is None:
        faults = [*places, *made.places] or [Place(str(file), 1, 1, "file", "is no map of tickets")]
        raise SiteError(faults)
    return LoadedMap(document, made.value)
