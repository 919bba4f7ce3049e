"""What refers to what between the entries of a site: unknown names and circles, each with its place.

Works on the trees, not on the models, so that a job with a wrong key still has its other faults reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.site.messages import did_you_mean
from models.site.tree import Node, Path

MOST_SHOWN = 12


class Kind(StrEnum):
    """What an entry of a site is."""

    SITE = "site"
    TEAM = "team"
    PERSON = "person"
    SERVICE = "service"
    HOST = "host"
    CALENDAR = "calendar"
    JOB = "job"
    REPOSITORY = "repository"
    BACKUP = "backup"
    EXEMPTION = "exemption"
    PROBE = "probe"
    HANDLING = "handling"
    PROMISE = "promise"
    CATEGORY = "category"
    ESCALATION = "escalation"
    ROTA = "rota"
    MAIL = "mail"
    RECEIVER = "receiver"
    SOURCE = "source"
    TABLE = "table"
    EVENTS = "rules"
    PROBLEMS = "problems"
    ITEM = "item"
    SCHEME = "scheme"


@dataclass(frozen=True)
class Reference:
    """Entries of one kind name entries of another at `path`, in which `*` stands for every entry or item."""

    source: Kind
    path: Path
    target: Kind
    also: str = ""
    """A word that may stand there instead of an entry's name."""
    circle: str = ""
    """Words for a circle that these references must not form; empty where a circle is no harm."""


def _scoped(kind: Kind, path: Path = ()) -> tuple[Reference, ...]:
    """What the lists of a scope name."""
    lists = (("services", Kind.SERVICE), ("categories", Kind.CATEGORY), ("teams", Kind.TEAM))
    return tuple(Reference(kind, (*path, key, "*"), target) for key, target in lists)


def _approvers(key: str) -> tuple[Reference, ...]:
    """What the approvers of a step name."""
    kinds = (("person", Kind.PERSON), ("team", Kind.TEAM))
    return tuple(Reference(Kind.SCHEME, ("steps", "*", key, "*", name), target) for name, target in kinds)


REFERENCES = (
    Reference(Kind.TEAM, ("manager",), Kind.PERSON),
    Reference(Kind.PERSON, ("teams", "*"), Kind.TEAM),
    Reference(Kind.PERSON, ("manager",), Kind.PERSON, circle="reports to"),
    Reference(Kind.PERSON, ("account_of",), Kind.PERSON, circle="is an account of"),
    Reference(Kind.SERVICE, ("owner",), Kind.TEAM),
    Reference(Kind.SERVICE, ("support_hours",), Kind.CALENDAR),
    Reference(Kind.SERVICE, ("depends_on", "*"), Kind.SERVICE, circle="depends on"),
    Reference(Kind.HOST, ("owner",), Kind.TEAM),
    Reference(Kind.HOST, ("service",), Kind.SERVICE),
    Reference(Kind.HOST, ("jump",), Kind.HOST, circle="jumps through"),
    Reference(Kind.JOB, ("owner",), Kind.TEAM),
    Reference(Kind.JOB, ("service",), Kind.SERVICE),
    Reference(Kind.JOB, ("schedule", "calendar"), Kind.CALENDAR),
    Reference(Kind.JOB, ("calendars", "only", "*"), Kind.CALENDAR),
    Reference(Kind.JOB, ("calendars", "never", "*"), Kind.CALENDAR),
    Reference(Kind.JOB, ("calendars", "working_days"), Kind.CALENDAR),
    Reference(Kind.JOB, ("after", "*", "job"), Kind.JOB, circle="runs after"),
    Reference(Kind.JOB, ("wait_for_file", "host"), Kind.HOST),
    Reference(Kind.REPOSITORY, ("owner",), Kind.TEAM),
    Reference(Kind.REPOSITORY, ("host",), Kind.HOST),
    Reference(Kind.REPOSITORY, ("check", "schedule", "calendar"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("owner",), Kind.TEAM),
    Reference(Kind.BACKUP, ("service",), Kind.SERVICE),
    Reference(Kind.BACKUP, ("source", "on"), Kind.HOST, also="local"),
    Reference(Kind.BACKUP, ("to",), Kind.REPOSITORY),
    Reference(Kind.BACKUP, ("copy_to", "repository"), Kind.REPOSITORY),
    Reference(Kind.BACKUP, ("schedule", "calendar"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("drill", "schedule", "calendar"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("copy_to", "schedule", "calendar"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("calendars", "only", "*"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("calendars", "never", "*"), Kind.CALENDAR),
    Reference(Kind.BACKUP, ("calendars", "working_days"), Kind.CALENDAR),
    Reference(Kind.EXEMPTION, ("agreed_by",), Kind.PERSON),
    Reference(Kind.PROBE, ("owner",), Kind.TEAM),
    Reference(Kind.PROBE, ("service",), Kind.SERVICE),
    Reference(Kind.PROBE, ("host",), Kind.HOST),
    Reference(Kind.PROBE, ("calendars", "only", "*"), Kind.CALENDAR),
    Reference(Kind.PROBE, ("calendars", "never", "*"), Kind.CALENDAR),
    Reference(Kind.HANDLING, ("fallback_team",), Kind.TEAM),
    Reference(Kind.HANDLING, ("assignment", "*", "team"), Kind.TEAM),
    Reference(Kind.HANDLING, ("assignment", "*", "rota"), Kind.ROTA),
    *_scoped(Kind.HANDLING, ("assignment", "*")),
    *_scoped(Kind.HANDLING, ("major", "candidates", "*")),
    Reference(Kind.PROMISE, ("calendar",), Kind.CALENDAR),
    *_scoped(Kind.PROMISE),
    Reference(Kind.CATEGORY, ("parent",), Kind.CATEGORY, circle="stands below"),
    Reference(Kind.CATEGORY, ("owner",), Kind.TEAM),
    Reference(Kind.ESCALATION, ("calendar",), Kind.CALENDAR),
    Reference(Kind.ESCALATION, ("steps", "*", "assign"), Kind.TEAM),
    Reference(Kind.ESCALATION, ("steps", "*", "tell", "*", "team"), Kind.TEAM),
    Reference(Kind.ESCALATION, ("steps", "*", "tell", "*", "person"), Kind.PERSON),
    Reference(Kind.ESCALATION, ("steps", "*", "tell", "*", "rota"), Kind.ROTA),
    Reference(Kind.ESCALATION, ("steps", "*", "tell", "*", "receiver"), Kind.RECEIVER),
    *_scoped(Kind.ESCALATION),
    Reference(Kind.ROTA, ("team",), Kind.TEAM),
    Reference(Kind.ROTA, ("people", "*"), Kind.PERSON),
    Reference(Kind.ROTA, ("overrides", "*", "person"), Kind.PERSON),
    Reference(Kind.RECEIVER, ("teams", "*"), Kind.TEAM),
    Reference(Kind.SOURCE, ("owner",), Kind.TEAM),
    Reference(Kind.EVENTS, ("defaults", "incident", "team"), Kind.TEAM),
    Reference(Kind.EVENTS, ("defaults", "incident", "category"), Kind.CATEGORY),
    Reference(Kind.EVENTS, ("defaults", "corrective", "*", "job"), Kind.JOB),
    Reference(Kind.EVENTS, ("rules", "*", "incident", "team"), Kind.TEAM),
    Reference(Kind.EVENTS, ("rules", "*", "incident", "category"), Kind.CATEGORY),
    Reference(Kind.EVENTS, ("rules", "*", "corrective", "*", "job"), Kind.JOB),
    Reference(Kind.EVENTS, ("rules", "*", "enrich", "*", "table"), Kind.TABLE),
    Reference(Kind.EVENTS, ("maintenance", "*", "calendar"), Kind.CALENDAR),
    Reference(Kind.EVENTS, ("maintenance", "*", "services", "*"), Kind.SERVICE),
    Reference(Kind.EVENTS, ("maintenance", "*", "hosts", "*"), Kind.HOST),
    Reference(Kind.PROBLEMS, ("escalate", "*", "team"), Kind.TEAM),
    Reference(Kind.PROBLEMS, ("detection", "owner"), Kind.TEAM),
    Reference(Kind.PROBLEMS, ("detection", "schedule", "calendar"), Kind.CALENDAR),
    *_scoped(Kind.PROBLEMS, ("escalate", "*")),
    Reference(Kind.PROBLEMS, ("known_errors", "jobs", "*"), Kind.JOB),
    Reference(Kind.PROBLEMS, ("known_errors", "services", "*"), Kind.SERVICE),
    Reference(Kind.RECEIVER, ("tell", "*", "team"), Kind.TEAM),
    Reference(Kind.RECEIVER, ("tell", "*", "person"), Kind.PERSON),
    Reference(Kind.ITEM, ("owner",), Kind.TEAM),
    Reference(Kind.ITEM, ("service",), Kind.SERVICE),
    Reference(Kind.ITEM, ("calendar",), Kind.CALENDAR),
    Reference(Kind.ITEM, ("may_see", "teams", "*"), Kind.TEAM),
    Reference(Kind.ITEM, ("may_see", "people", "*"), Kind.PERSON),
    Reference(Kind.ITEM, ("may_order", "teams", "*"), Kind.TEAM),
    Reference(Kind.ITEM, ("may_order", "people", "*"), Kind.PERSON),
    Reference(Kind.ITEM, ("steps", "*", "manual", "team"), Kind.TEAM),
    Reference(Kind.ITEM, ("includes", "*", "item"), Kind.ITEM, circle="includes"),
    Reference(Kind.ITEM, ("approvals", "*", "scheme"), Kind.SCHEME),
    Reference(Kind.SCHEME, ("calendar",), Kind.CALENDAR),
    Reference(Kind.SCHEME, ("pre_approved", "*", "items", "*"), Kind.ITEM),
    *_approvers("approvers"),
    *_approvers("escalate_to"),
)


@dataclass(frozen=True)
class Mention:
    """One place where an entry names another."""

    reference: Reference
    source: str
    path: Path
    target: str


@dataclass(frozen=True)
class ReferenceFault:
    """One wrong reference: the entry it stands in, the path below it, and what is wrong."""

    kind: Kind
    name: str
    path: Path
    message: str


Entries = Mapping[Kind, Mapping[str, Node]]


def wrong_references(entries: Entries) -> Iterator[ReferenceFault]:
    """Every name that is not there, and every circle."""
    for reference in REFERENCES:
        mentions = list(_mentions(reference, entries))
        known = entries.get(reference.target, {})
        for mention in mentions:
            if mention.target not in known and mention.target != reference.also:
                words = unknown_name(reference.target, mention.target, list(known))
                yield ReferenceFault(reference.source, mention.source, mention.path, words)
        if reference.circle:
            for circle in circles(mentions):
                first = circle[0]
                words = f" {reference.circle} ".join(_round(circle))
                yield ReferenceFault(reference.source, first.source, first.path, f"goes round in a circle: {words}")


def unknown_name(kind: Kind, name: str, known: list[str]) -> str:
    """The message for a name that no entry of the kind has."""
    near = did_you_mean(name, known)
    if not known:
        return f'no {kind} "{name}"; the site has no {kind} at all'
    return f'no {kind} "{name}"; known: {listed(sorted(known))}{near}'


def listed(names: list[str]) -> str:
    """The names with commas; a long list is cut and says so."""
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more


def circles(mentions: list[Mention]) -> list[list[Mention]]:
    """The circles among the mentions, each once, starting at its first link in file order."""
    links: dict[str, list[Mention]] = {}
    for mention in mentions:
        links.setdefault(mention.source, []).append(mention)
    done: set[str] = set()
    found: list[list[Mention]] = []
    for start in links:
        _follow(start, links, done, found)
    return found


def _round(circle: list[Mention]) -> list[str]:
    """The names on a circle and the first again; a long one is cut."""
    names = [link.source for link in circle]
    if len(names) > MOST_SHOWN:
        names[MOST_SHOWN:] = [f"... ({len(names)} in all)"]
    return [*names, circle[0].source]


def _follow(start: str, links: dict[str, list[Mention]], done: set[str], found: list[list[Mention]]) -> None:
    """Walks depth first with an own stack: a chain of a thousand jobs must not end Python's."""
    trail: list[Mention] = []
    on_trail = {start: 0}
    stack = [iter(links[start] if start not in done else ())]
    while stack:
        mention = next(stack[-1], None)
        if mention is None:
            stack.pop()
            done.add(trail[-1].target if trail else start)
            if trail:
                del on_trail[trail.pop().target]
        elif mention.target in on_trail:
            found.append([*trail[on_trail[mention.target] :], mention])
        elif mention.target not in done:
            on_trail[mention.target] = len(trail) + 1
            trail.append(mention)
            stack.append(iter(links.get(mention.target, ())))


def _mentions(reference: Reference, entries: Entries) -> Iterator[Mention]:
    for name, node in entries.get(reference.source, {}).items():
        for path, found in _at(node, reference.path, ()):
            if isinstance(found.value, str):
                yield Mention(reference, name, path, found.value)


def _at(node: Node, pattern: Path, path: Path) -> Iterator[tuple[Path, Node]]:
    if not pattern:
        yield path, node
        return
    children = node.children()
    steps = list(children) if pattern[0] == "*" else [step for step in (pattern[0],) if step in children]
    for step in steps:
        yield from _at(children[step], pattern[1:], (*path, step))
