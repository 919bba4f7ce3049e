"""What must be true of events.yaml beyond the form of its keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.rules.event_policies import Corrective, IncidentRule, Start
from models.rules.event_rule import EventRule, PolicyRule
from models.rules.event_transforms import Enrich
from models.rules.field_error import FieldError
from models.rules.label_templates import labels_in
from models.rules.matchers import Matchers
from models.rules.priorities import PriorityMatrix
from models.rules.routing import Branch, Route, never_taken
from models.rules.shadows import OF_ALERTS, OF_EVENTS, never_met, shadowed, twice_named
from models.site.events import EventHandling, Sender, Table
from models.site.incidents import Handling
from models.site.jobs import Job
from models.site.messages import did_you_mean
from models.site.references import Kind, ReferenceFault, listed, unknown_name
from models.site.tree import Path

Said = Iterator[tuple[Path, str]]
Made = Mapping[Kind, Mapping[str, Any]]


def event_faults(whole: Made, made: Made) -> Iterator[ReferenceFault]:
    """Everything wrong in the entries of events.yaml whose keys have the right form."""
    for name, source in whole[Kind.SOURCE].items():
        for path, message in _source(source):
            yield ReferenceFault(Kind.SOURCE, name, path, message)
    for name, table in whole[Kind.TABLE].items():
        for path, message in _table(table):
            yield ReferenceFault(Kind.TABLE, name, path, message)
    for name, handling in whole[Kind.EVENTS].items():
        for path, message in _handling(handling, made):
            yield ReferenceFault(Kind.EVENTS, name, path, message)


def _source(source: Sender) -> Said:
    try:
        source.event_source()
    except FieldError as error:
        path: Path = (error.key,) if error.key in Sender.model_fields else ("signature", error.key)
        yield () if error.key == "name" else path, str(error)


def _table(table: Table) -> Said:
    if not table.rows and table.file is None:
        yield (), "has no rows; write them in rows, or name a CSV file: file: tables/owners.csv"
    for value, row in table.rows.items():
        if table.key in row:
            yield ("rows", value), f"has the key column {table.key} again; its value stands before the colon"


def _handling(handling: EventHandling, made: Made) -> Said:
    levels = next(iter(made[Kind.HANDLING].values()), Handling()).levels
    yield from _said(("defaults",), handling.defaults, made, levels)
    for place, rule in enumerate(handling.rules):
        path: Path = ("rules", place)
        yield from (((*path, "matchers"), f"never matches: {words}") for words in never_met(rule.parsed, OF_EVENTS))
        yield from _said(path, rule, made, levels)
        yield from _enriching(path, rule, made[Kind.TABLE])
    for place, before in shadowed(handling.rules):
        words = f"is never reached: the rule {before} before it stops at all of its events"
        yield ("rules", place), words
    for place in twice_named(handling.rules):
        yield ("rules", place, "name"), f'"{handling.rules[place].name}" is the name of an earlier rule already'
    yield from _routes(handling, made)
    for place, inhibition in enumerate(handling.inhibit):
        for key, matchers in (("source_matchers", inhibition.sources), ("target_matchers", inhibition.targets)):
            yield from (
                (("inhibit", place, key), f"never matches: {words}") for words in never_met(matchers, OF_ALERTS)
            )
    for name, intervals in handling.time_intervals.items():
        for place, interval in enumerate(intervals):
            if interval.spans.is_never:
                yield ("time_intervals", name, place), "holds at no time: no day has all that it asks for"


def _said(path: Path, rule: PolicyRule, made: Made, levels: PriorityMatrix) -> Said:
    for key, kind in (("service", Kind.SERVICE), ("host", Kind.HOST)):
        named = getattr(rule.bind, key, None)
        if named and not labels_in(named) and named not in made[kind]:
            yield (*path, "bind", key), unknown_name(kind, named, list(made[kind]))
    if rule.incident is not None:
        yield from (((*path, "incident", *below), words) for below, words in _levels(rule.incident, levels))
    for place, corrective in enumerate(rule.corrective or ()):
        job = made[Kind.JOB].get(corrective.job)
        if job is not None:
            below = (*path, "corrective", place)
            yield from (((*below, *key), words) for key, words in _corrective(corrective, job))


def _levels(incident: IncidentRule, levels: PriorityMatrix) -> Said:
    for key, given, known in (
        ("impact", incident.impact, levels.impacts),
        ("urgency", incident.urgency, levels.urgencies),
    ):
        if given is not None and given not in known:
            yield (key,), f'no {key} "{given}"; known: {listed(list(known))}{did_you_mean(given, known)}'


def _corrective(corrective: Corrective, job: Job) -> Said:
    for name in corrective.parameters:
        if name not in job.parameters:
            near = did_you_mean(name, job.parameters)
            known = listed(sorted(job.parameters)) or "none"
            yield ("parameters", name), f'the job {job.name} has no parameter "{name}"; known: {known}{near}'
    for name, parameter in job.parameters.items():
        if parameter.required and name not in corrective.parameters:
            yield ("parameters",), f"the job {job.name} needs {name}, and nobody is there to be asked"
    if corrective.start is Start.AFTER_APPROVAL:
        yield ("start",), "nobody can be asked for an approval yet; write automatic, or leave the job to a person"
    if corrective.on is not None and job.on is None:
        yield ("on",), f"the job {job.name} runs a flow, which knows itself where it works"


def _enriching(path: Path, rule: EventRule, tables: Mapping[str, Table]) -> Said:
    for place, enrich in enumerate(rule.enrich):
        table = tables.get(enrich.table)
        if table is not None:
            yield from (((*path, "enrich", place, *below), words) for below, words in _columns(enrich, table))


def _columns(enrich: Enrich, table: Table) -> Said:
    columns = table.lookup_table().columns
    for number, column in enumerate(enrich.add):
        if columns and column not in columns:
            near = did_you_mean(column, columns)
            words = f'the table {table.name} has no column "{column}"; columns: {listed(sorted(columns))}{near}'
            yield ("add", number), words


def _routes(handling: EventHandling, made: Made) -> Said:
    try:
        tree = handling.tree()
    except FieldError as error:
        yield ("route", error.key), str(error)
        return
    except ValueError as error:
        yield ("route",), str(error)
        return
    places = dict(_places(handling.route, tree, ("route",)))
    unmet = dict(_unmet(handling.route, (), ("route",)))
    for words in never_taken(tree):
        key = max((key for key in places if words.startswith(f"the route {key} is")), key=len)
        unmet.setdefault(places[key][0], words.removeprefix(f"the route {key} "))
    yield from unmet.items()
    for path, route in places.values():
        yield from _route(path, route, handling, made)


def _unmet(route: Route, above: Matchers, path: Path) -> Said:
    """The topmost routes whose matchers, together with those above, nothing meets."""
    for number, below in enumerate(route.routes):
        matchers, place = (*above, *below.parsed), (*path, "routes", number)
        words = next(never_met(matchers, OF_ALERTS), None)
        if words is None:
            yield from _unmet(below, matchers, place)
        else:
            yield place, f"is never taken: {words}"


def _places(route: Route, branch: Branch, path: Path) -> Iterator[tuple[str, tuple[Path, Route]]]:
    """Where each route stands in the file, by the key of its branch."""
    yield branch.key, (path, route)
    for number, (below, its) in enumerate(zip(route.routes, branch.branches, strict=True)):
        yield from _places(below, its, (*path, "routes", number))


def _route(path: Path, route: Route, handling: EventHandling, made: Made) -> Said:
    receivers = [*made[Kind.RECEIVER], *made[Kind.TEAM]]
    if route.receiver is not None and route.receiver not in receivers:
        near = did_you_mean(route.receiver, receivers)
        known = listed(sorted(receivers)) or "none"
        yield (*path, "receiver"), f'no team and no receiver "{route.receiver}"; known: {known}{near}'
    for key in ("mute_time_intervals", "active_time_intervals"):
        for number, name in enumerate(getattr(route, key)):
            if name not in handling.time_intervals:
                near = did_you_mean(name, handling.time_intervals)
                known = listed(sorted(handling.time_intervals)) or "none"
                yield (*path, key, number), f'no time interval "{name}"; known: {known}{near}'
