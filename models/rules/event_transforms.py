"""What a rule changes about an event before anybody is told: its labels, its name, its severity; and what it adds
to it from a table.

What is asked of an event are its labels, and beside them words of ours, which its sender cannot set: `name`,
`source` (who let it in, by events.yaml), `sender` (who says so, in its own words), `format`, `severity`, `status`,
and the `service` and `host` that it is bound to, where it is.
A label of the sender's own with such a name is asked for as `sender_severity`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from models.rules.events import LONGEST_WORD
from models.rules.field_error import FieldError, under
from models.rules.incoming import LONGEST_LABEL, LONGEST_LABEL_NAME, Incoming
from models.rules.label_templates import fill, labels_in
from models.rules.matchers import Labels
from models.vocabulary import Severity

OWN_WORDS = ("name", "source", "sender", "format", "severity", "status")
_HIDDEN = {word: f"sender_{word}" for word in OWN_WORDS}
_RESERVED = frozenset((*_HIDDEN, *_HIDDEN.values()))
_HOW = "they are ours; an event's name and severity are set beside `set`"


@dataclass(frozen=True)
class Transform:
    """What is done to an event, in this order: copy, rename, set, drop, then the name and the severity.

    `copy` and `rename` go from a label to a new one; where there is nothing to copy, nothing happens. `set` and
    `name` are texts with labels, cut to what is kept of a label and of a name; an empty name changes nothing.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    copy: dict[str, str] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    set: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    name: str | None = None
    severity: Severity | None = None

    def __post_init__(self) -> None:
        for key, names in self._changed().items():
            _refuse_names(key, names)
        with under("set"):
            for text in self.set.values():
                labels_in(text)
        with under("name"):
            labels_in(self.name or "")

    def _changed(self) -> dict[str, Iterable[str]]:
        return {"copy": self.copy.values(), "rename": (*self.rename, *self.rename.values()), "set": self.set,
                "drop": self.drop}  # fmt: skip

    def change(self, labels: dict[str, str]) -> None:
        """Change these labels, in which the words of ours stand too."""
        for old, new in self.copy.items():
            if old in labels:
                labels[new] = labels[old]
        for old, new in self.rename.items():
            if old in labels:
                labels[new] = labels.pop(old)
        labels.update({name: fill(text, labels)[:LONGEST_LABEL] for name, text in self.set.items()})
        for name in self.drop:
            labels.pop(name, None)
        if self.name is not None:
            labels["name"] = " ".join(fill(self.name, labels).split())[:LONGEST_WORD] or labels["name"]
        if self.severity is not None:
            labels["severity"] = self.severity.value


@dataclass(frozen=True)
class LookupTable:
    """Columns by the value of a key column: who owns a host, which rack it stands in."""

    key: str
    rows: Mapping[str, Mapping[str, str]]

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns beside the key that any row has."""
        return frozenset(column for row in self.rows.values() for column in row)


@dataclass(frozen=True)
class Enrich:
    """Labels from a table: the row whose key is the value of the label `by` (default: the table's key column).

    `add` names the columns that become labels; none named: all of them.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    table: str
    by: str | None = None
    add: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _refuse_names("add", self.add)

    def change(self, labels: dict[str, str], tables: Mapping[str, LookupTable]) -> None:
        """Add the columns of the row that these labels choose, in place of labels of the same names."""
        table = tables[self.table]
        row = table.rows.get(labels.get(self.by or table.key, ""), {})
        labels.update({
            column: value
            for column, value in row.items()
            if value and column not in _RESERVED and (column in self.add or not self.add)
        })  # fmt: skip


def seen_labels(event: Incoming, source: str) -> dict[str, str]:
    """The labels of an event with the words of ours beside them."""
    hidden = {_HIDDEN[name]: event.labels[name] for name in OWN_WORDS if name in event.labels}
    return {
        **event.labels,
        **hidden,
        "name": event.name,
        "source": source or event.source,
        "sender": event.source,
        "format": event.format,
        "severity": event.severity.value,
        "status": event.status.value,
    }


def own_labels(labels: Labels, event: Incoming) -> dict[str, str]:
    """The labels without the words of ours; a label of the sender's with such a name stays as it was."""
    kept = {name: value for name, value in labels.items() if name not in _RESERVED}
    return kept | {name: value for name, value in event.labels.items() if name in _RESERVED}


def _refuse_names(key: str, names: Iterable[str]) -> None:
    for problem in _name_problems(names):
        raise FieldError(key, problem)


def _name_problems(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name in _RESERVED:
            yield f'"{name}" is no label that a rule may change: {_HOW}'
        elif not name or len(name) > LONGEST_LABEL_NAME or not name.isprintable():
            yield f'"{name[:80]}" cannot name a label: 1 to {LONGEST_LABEL_NAME} printable characters'
