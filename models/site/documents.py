"""The files of a site folder: which there may be, read into trees, and the entries that stand in them."""

from dataclasses import dataclass
from pathlib import Path as FilePath

from models.errors import Place
from models.site.messages import did_you_mean, unknown_key
from models.site.reading import read_tree
from models.site.references import Kind
from models.site.tree import Mark, Node, Path, dotted, locate

SITE_FILE = "site.yaml"
SECTIONS: dict[str, dict[str, Kind]] = {
    "people.yaml": {"teams": Kind.TEAM, "people": Kind.PERSON},
    "services.yaml": {"services": Kind.SERVICE, "hosts": Kind.HOST},
    "calendars.yaml": {"calendars": Kind.CALENDAR},
    "jobs.yaml": {"jobs": Kind.JOB},
    "backups.yaml": {
        "repositories": Kind.REPOSITORY,
        "backups": Kind.BACKUP,
        "exemptions": Kind.EXEMPTION,
    },
    "probes.yaml": {"probes": Kind.PROBE},
    "incidents.yaml": {
        "handling": Kind.HANDLING,
        "promises": Kind.PROMISE,
        "categories": Kind.CATEGORY,
        "escalations": Kind.ESCALATION,
        "rotas": Kind.ROTA,
    },
    "notices.yaml": {"mail": Kind.MAIL, "receivers": Kind.RECEIVER},
    "events.yaml": {
        "sources": Kind.SOURCE,
        "tables": Kind.TABLE,
        "defaults": Kind.EVENTS,
        "rules": Kind.EVENTS,
        "route": Kind.EVENTS,
        "inhibit": Kind.EVENTS,
        "time_intervals": Kind.EVENTS,
        "maintenance": Kind.EVENTS,
        "topology": Kind.EVENTS,
        "storm_above": Kind.EVENTS,
    },
    "problems.yaml": {
        "escalate": Kind.PROBLEMS,
        "watch": Kind.PROBLEMS,
        "close_after": Kind.PROBLEMS,
        "review": Kind.PROBLEMS,
        "known_errors": Kind.PROBLEMS,
        "detection": Kind.PROBLEMS,
        "targets": Kind.PROBLEMS,
    },
    "catalogue.yaml": {"items": Kind.ITEM},
    "approvals.yaml": {"schemes": Kind.SCHEME},
}
"""The files beside site.yaml, and the kind of entry in each of their sections."""
SINGLE = {Kind.HANDLING: "incidents", Kind.MAIL: "mail"}
"""Sections that are one entry and no mapping of names, and what that entry is called."""
TOGETHER = {Kind.EVENTS: "events", Kind.PROBLEMS: "problems"}
"""Entries of which each key is a section, and what that entry is called."""

YAML_ENDINGS = {".yaml", ".yml"}
ALLOWED_FILES = [SITE_FILE, *SECTIONS]


@dataclass(frozen=True)
class Document:
    """One site file as it was read."""

    schema: str
    """Which file of ALLOWED_FILES it counts as: `jobs/web.yaml` counts as `jobs.yaml`."""
    shown: str
    tree: Node

    def place(self, path: Path, message: str, at_key: bool = False) -> Place:
        """A fault at the value at `path`, or at its key."""
        mark = locate(self.tree, path, at_key)
        return Place(self.shown, mark.line, mark.column, dotted(path) or "file", message)


@dataclass(frozen=True)
class SourceEntry:
    """One named entry as it stands in a file."""

    kind: Kind
    name: str
    document: Document
    path: Path
    node: Node

    def place(self, path: Path, message: str, at_key: bool = False) -> Place:
        """A fault inside the entry; `path` starts below the entry's name."""
        return self.document.place((*self.path, *path), message, at_key or not path)


def read_documents(folder: FilePath) -> tuple[list[Document], list[Place]]:
    """Every file of the site, and the faults of their form."""
    if not folder.is_dir():
        return [], [Place(str(folder), 1, 1, "site", "there is no such folder; `watchbill init DIR` makes one")]
    files, places = _site_files(folder)
    documents = []
    for schema, file in files:
        tree, faults = read_tree(file, str(file))
        places.extend(faults)
        if tree is None:
            continue
        if isinstance(tree.value, dict):
            documents.append(Document(schema, str(file), tree))
        else:
            places.append(Place(str(file), *tree.mark, "file", "must be a mapping, with lines like key: value"))
    return documents, places


def entries_of(document: Document) -> tuple[list[SourceEntry], list[Place]]:
    """The entries of one file, and the faults of its sections."""
    sections = SECTIONS[document.schema]
    places = [
        document.place((key,), unknown_key(key, list(sections)), at_key=True)
        for key in document.tree.mapping()
        if key not in sections
    ]
    entries = []
    parts: dict[Kind, dict[str, Node]] = {}
    for section, kind in sections.items():
        node = document.tree.mapping().get(section)
        if node is None or node.value is None:
            continue
        if kind in TOGETHER:
            parts.setdefault(kind, {})[section] = node
            continue
        if kind in SINGLE:
            entries.append(SourceEntry(kind, SINGLE[kind], document, (section,), node))
            continue
        if not isinstance(node.value, dict):
            places.append(document.place((section,), f"must be a mapping from the {kind}'s name to its keys"))
            continue
        entries += [SourceEntry(kind, name, document, (section, name), child) for name, child in node.value.items()]
    for kind, whole in parts.items():
        node = Node(document.tree.mark, whole, {section: document.tree.keys[section] for section in whole})
        entries.append(SourceEntry(kind, TOGETHER[kind], document, (), node))
    return entries, places


def duplicates(entries: list[SourceEntry]) -> list[Place]:
    """Entries of one kind and name in two files. (Inside one file the reader refuses them.)"""
    first: dict[tuple[Kind, str], SourceEntry] = {}
    places = []
    for entry in entries:
        other = first.setdefault((entry.kind, entry.name), entry)
        if other is not entry:
            line = _key_mark(other).line
            places.append(
                entry.place((), f"duplicate {entry.kind}; it stands in {other.document.shown}:{line} already")
            )
    return places


def _key_mark(entry: SourceEntry) -> Mark:
    return locate(entry.document.tree, entry.path, at_key=True)


def _site_files(folder: FilePath) -> tuple[list[tuple[str, FilePath]], list[Place]]:
    """The files to read in order, and the faults of the folder itself."""
    places = []
    if not (folder / SITE_FILE).is_file():
        message = "is missing, so this is no site folder; `watchbill init DIR` makes one"
        places.append(Place(str(folder / SITE_FILE), 1, 1, "file", message))
    files = [(name, folder / name) for name in ALLOWED_FILES if (folder / name).is_file()]
    for file in sorted(folder.iterdir()):
        if file.suffix not in YAML_ENDINGS or file.name.startswith(".") or not file.is_file():
            continue
        if file.name not in ALLOWED_FILES:
            near = did_you_mean(file.name, ALLOWED_FILES)
            message = f"unknown file; allowed: {', '.join(ALLOWED_FILES)}{near}"
            places.append(Place(str(file), 1, 1, "file", message))
    for schema in SECTIONS:
        part = folder / FilePath(schema).stem
        files += [(schema, file) for file in sorted(part.glob("*.yaml")) if file.is_file()]
        places += [
            Place(str(file), 1, 1, "file", "unknown file; this folder holds files named *.yaml")
            for file in sorted(part.glob("*.yml"))
        ]
    return files, places
