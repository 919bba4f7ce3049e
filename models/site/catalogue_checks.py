"""What must be true of catalogue.yaml beyond the form of its keys."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.rules.catalogue.fields import PEOPLE, FormField
from models.rules.catalogue.form_faults import condition_faults, form_faults
from models.rules.catalogue.steps import FulfilmentStep, Include, JobStep, RunStep
from models.rules.label_templates import labels_in
from models.rules.node_words import FilterError
from models.rules.nodes import Node, matching, without_match
from models.rules.parameters import Parameter, command_problems
from models.site.approvals import Scheme
from models.site.catalogue import Item
from models.site.derived import derived_jobs, names_of
from models.site.jobs import LOCAL, Job
from models.site.messages import did_you_mean
from models.site.references import Kind, ReferenceFault, unknown_name
from models.site.tree import Path
from models.vocabulary import FieldType

Said = Iterator[tuple[Path, str]]
Made = Mapping[Kind, Mapping[str, Any]]
_TEXT = Parameter()


@dataclass(frozen=True)
class Around:
    """What the site has that items hang on."""

    jobs: Mapping[str, Job]
    """Those of which no key was wrong."""
    job_names: Collection[str]
    nodes: Sequence[Node]
    items: Mapping[str, Item]
    schemes: Mapping[str, Scheme]


def catalogue_faults(whole: Made, made: Made) -> Iterator[ReferenceFault]:
    """Everything wrong in the items whose keys have the right form."""
    around = Around(
        jobs={**whole[Kind.JOB], **derived_jobs(whole[Kind.BACKUP], whole[Kind.REPOSITORY])},
        job_names={*made[Kind.JOB], *(job for plan in made[Kind.BACKUP] for job in names_of(plan).values())},
        nodes=[host.node() for host in made[Kind.HOST].values()],
        items=whole[Kind.ITEM],
        schemes=whole[Kind.SCHEME],
    )
    for name, item in whole[Kind.ITEM].items():
        for path, message in _item(item, around):
            yield ReferenceFault(Kind.ITEM, name, path, message)


def _item(item: Item, around: Around) -> Said:
    yield from ((("form", *path), words) for path, words in form_faults(item.form))
    fields = {one.name: one for one in item.form}
    yield from _terms(item, fields)
    yield from _approvers(item, fields, around.schemes)
    for number, one in enumerate(item.form):
        yield from ((("form", number, "hosts"), words) for words in _no_host(one.hosts, around.nodes))
    names: set[str] = set()
    for number, step in enumerate(item.steps):
        if step.name in names:
            yield ("steps", number, "name"), f'a step named "{step.name}" stands before it already'
        names.add(step.name)
        yield from ((("steps", number, *path), words) for path, words in _step(step, fields, around))
    for number, include in enumerate(item.includes):
        yield from ((("includes", number, *path), words) for path, words in _include(include, fields, around.items))


def _terms(item: Item, fields: Mapping[str, FormField]) -> Said:
    if not item.steps and not item.includes:
        yield (), "does nothing; give it steps or includes"
    if item.promised is not None and item.promised.working_days is not None and item.calendar is None:
        yield ("promised",), "is in working days: name the calendar whose days they are: calendar: NAME"
    if item.calendar is not None and item.promised is None:
        yield ("calendar",), "goes with promised"
    if item.cost is not None and item.cost.each is not None:
        yield from ((("cost", "each"), words) for words in _no_field(item.cost.each, fields))
    for number, rule in enumerate(item.approvals):
        if rule.above is not None and item.cost is None:
            yield ("approvals", number, "above"), "goes with cost"
        if rule.above is None and number < len(item.approvals) - 1:
            yield ("approvals", number), "takes every request: the ones after it are never reached; give it above"


def _approvers(item: Item, fields: Mapping[str, FormField], schemes: Mapping[str, Scheme]) -> Said:
    """Approvers that a scheme finds by an answer which nobody is asked for."""
    facts = [*fields, *(["service"] if item.service else [])]
    for number, rule in enumerate(item.approvals):
        scheme = schemes.get(rule.scheme)
        for step in scheme.steps if scheme else ():
            for approver in (*step.approvers, *step.escalate_to):
                fact = approver.named_in or approver.owner_of
                if fact is not None and fact not in facts:
                    words = f'{rule.scheme} finds who decides by "{fact}", and the form has no such field'
                    yield ("approvals", number, "scheme"), f"{words}; known: {', '.join(facts) or 'none'}"


def _step(step: FulfilmentStep, fields: Mapping[str, FormField], around: Around) -> Said:
    yield from ((("when",), words) for words in condition_faults(step.conditions, fields, "in the form"))
    yield from ((("title",), words) for words in _template(step.title, fields))
    if step.run is not None:
        yield from ((("run", *path), words) for path, words in _run(step.run, fields, around.nodes))
    if step.job is not None:
        yield from ((("job", *path), words) for path, words in _job(step.job, fields, around))
    if step.manual is not None:
        yield from ((("manual", "words"), words) for words in _template(step.manual.words, fields))


def _run(run: RunStep, fields: Mapping[str, FormField], nodes: Sequence[Node]) -> Said:
    yield from ((("on",), words) for words in _no_host(run.on, nodes))
    yield from ((("hosts",), words) for words in _no_hosts_field(run.hosts, fields))
    for key, command in run.commands.items():
        yield from (((key,), words) for words in _command(command, fields))
    if run.input is not None and run.input not in fields:
        yield from ((("input",), words) for words in _no_field(run.input, fields))
    elif run.input is not None and fields[run.input].several:
        yield ("input",), f'"{run.input}" has several answers'
    if run.one_time is not None:
        yield from ((("one_time", "title"), words) for words in _template(run.one_time.title, fields))


def _job(step: JobStep, fields: Mapping[str, FormField], around: Around) -> Said:
    yield from ((("hosts",), words) for words in _no_hosts_field(step.hosts, fields))
    for name, text in step.parameters.items():
        yield from ((("parameters", name), words) for words in _template(text, fields))
    if step.name not in {*around.job_names, *around.jobs}:
        yield ("name",), unknown_name(Kind.JOB, step.name, sorted({*around.job_names, *around.jobs}))
    job = around.jobs.get(step.name)
    if job is None:
        return
    for name in step.parameters:
        if name not in job.parameters:
            known = ", ".join(job.parameters) or "none"
            yield ("parameters", name), f"{job.name} has no such parameter; known: {known}"
    for name, parameter in job.parameters.items():
        if parameter.required and name not in step.parameters:
            yield ("parameters",), f"{job.name} requires the parameter {name}"
    if step.hosts is not None and job.flow is not None:
        yield ("hosts",), f"{job.name} is a flow, which knows itself where it works"


def _include(include: Include, fields: Mapping[str, FormField], items: Mapping[str, Item]) -> Said:
    yield from ((("when",), words) for words in condition_faults(include.conditions, fields, "in the form"))
    for name, text in include.answers.items():
        yield from ((("answers", name), words) for words in _template(text, fields))
    item = items.get(include.item)
    if item is None:
        return  # an unknown name is told where all references are
    inner = {one.name: one for one in item.form}
    for name in include.answers:
        if name not in inner:
            yield ("answers", name), f"{item.name} has no such field; known: {', '.join(inner) or 'none'}"
        elif not inner[name].is_stored:
            yield ("answers", name), f"{name} of {item.name} is a secret or a file, which a bundle cannot give"
    for one in item.form:
        if one.required and not one.when and one.name not in include.answers:
            yield ("answers",), f"{item.name} requires an answer to {one.name}"


def _command(command: tuple[str, ...], fields: Mapping[str, FormField]) -> Iterator[str]:
    stored = {one.name: one for one in fields.values() if one.is_stored}
    known = {**dict.fromkeys(PEOPLE, _TEXT), **{name: one.parameter for name, one in stored.items()}}
    problems = command_problems(command, known)
    yield from problems
    for number, argument in enumerate(command if not problems else (), 1):
        for name, one in stored.items():
            if one.several and argument != f"{{{name}}}" and f"{{{name}}}" in argument:
                yield f'argument {number}: "{name}" has several answers: {{{name}}} must be an argument of its own'


def _template(text: str, fields: Mapping[str, FormField]) -> Iterator[str]:
    stored = [*PEOPLE, *(one.name for one in fields.values() if one.is_stored)]
    for name in labels_in(text):
        if name in fields and name not in stored:
            yield f'"{name}" is a secret or a file: no text may show it'
        elif name not in stored:
            yield f'there is no field "{name}" in the form; known: {", ".join(stored)}{did_you_mean(name, stored)}'


def _no_field(name: str, fields: Collection[str]) -> Iterator[str]:
    if name not in fields:
        yield f'there is no field "{name}" in the form; known: {", ".join(fields) or "none"}'


def _no_hosts_field(name: str | None, fields: Mapping[str, FormField]) -> Iterator[str]:
    if name is not None and (name not in fields or fields[name].type is not FieldType.HOST):
        known = [one.name for one in fields.values() if one.type is FieldType.HOST]
        yield f'"{name}" is no host field of the form; known: {", ".join(known) or "none"}'


def _no_host(on: str | None, nodes: Sequence[Node]) -> Iterator[str]:
    if on is None or on == LOCAL:
        return
    try:
        if not matching(on, nodes):
            yield "; ".join(["matches no host", *without_match(on, nodes)])
    except FilterError as error:
        yield f"is no node filter: {error}"
