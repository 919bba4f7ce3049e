"""What will be done for a request: its steps with the answers in their places, each host a step of its own.

A step's key is unique in its request, so that each effect is wanted once, done once and resumed where it failed.
Nothing in an answer is ever evaluated: it stands as text in words, and as one argument in a command.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from models.errors import Refused
from models.rules.catalogue.conditions import Answer, holds, texts_of
from models.rules.catalogue.fields import PEOPLE, FormField
from models.rules.catalogue.forms import FormRefused, Problem
from models.rules.catalogue.steps import FulfilmentStep, Include, RunStep
from models.rules.durations import Duration
from models.rules.label_templates import fill
from models.rules.nodes import Node, matching
from models.rules.parameters import Parameter, ParametersRefused, render_argv
from models.vocabulary import PlanKind

LOCAL = "local"
MOST_PLANNED = 500
_PERSON = Parameter()


@dataclass(frozen=True)
class PlannedSecret:
    """A secret that is made when its step is done, of so many signs."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    title: str
    length: int


@dataclass(frozen=True)
class PlannedWork:
    """Work for a team."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    team: str
    words: str


@dataclass(frozen=True)
class PlannedRun:
    """Commands on one host, ready to be run. `verify` is what says that it is done."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    apply: tuple[str, ...]
    verify: tuple[str, ...]
    observe: tuple[str, ...] = ()
    compensate: tuple[str, ...] = ()
    input: str | None = None
    """The field whose answer goes to the standard input of `apply`."""
    one_time: PlannedSecret | None = None
    deadline: Duration = timedelta(0)


@dataclass(frozen=True)
class PlannedJob:
    """A run of a job with these parameters; `on` narrows its hosts."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    on: str | None = None


@dataclass(frozen=True)
class PlannedStep:
    """One step of a request's plan: one of `run`, `job` and `manual`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    key: str
    kind: PlanKind
    title: str
    host: str | None = None
    run: PlannedRun | None = None
    job: PlannedJob | None = None
    manual: PlannedWork | None = None


@dataclass(frozen=True)
class Part:
    """One item of a bundle, with what its form is given."""

    item: str
    given: Mapping[str, Answer]


@dataclass(frozen=True)
class Filling:
    """What stands in the places of texts and commands: the answers of a form, and who asks for whom."""

    form: Sequence[FormField]
    values: Mapping[str, Answer]
    requester: str
    beneficiary: str

    def text(self, template: str) -> str:
        """The words with the answers in them; several stand with commas."""
        return fill(template, {name: ", ".join(texts) for name, texts in self._texts().items()})

    def command(self, template: Sequence[str]) -> tuple[str, ...]:
        """The arguments; one that is a field of several answers becomes as many. Raises ParametersRefused."""
        several = {f"{{{one.name}}}": one.name for one in self.form if one.several}
        arguments: list[str] = []
        for number, argument in enumerate(template):
            texts = texts_of(self.values.get(several[argument], ())) if number and argument in several else (None,)
            arguments += [self._argument(argument, several.get(argument), text) for text in texts]
        return tuple(arguments)

    def answer(self, template: str) -> Answer:
        """What a part of a bundle is given: an answer as it is, or words with answers in them."""
        name = template[1:-1] if template.startswith("{") and template.endswith("}") else ""
        return self.values[name] if name in self.values else self.text(template)

    def _argument(self, argument: str, name: str | None, text: str | None) -> str:
        values = {key: ", ".join(texts) for key, texts in self._texts().items()}
        if name is not None and text is not None:
            values[name] = text
        # The rendering takes a whole command, whose program is never an answer.
        return render_argv(("program", argument), values, self._parameters())[1]

    def _texts(self) -> dict[str, tuple[str, ...]]:
        people = {name: (who,) for name, who in zip(PEOPLE, (self.requester, self.beneficiary), strict=True)}
        return people | {one.name: texts_of(self.values.get(one.name, ())) for one in self.form if one.is_stored}

    def _parameters(self) -> dict[str, Parameter]:
        return dict.fromkeys(PEOPLE, _PERSON) | {one.name: one.parameter for one in self.form if one.is_stored}


def plan_of(steps: Iterable[FulfilmentStep], filling: Filling, nodes: Sequence[Node]) -> tuple[PlannedStep, ...]:
    """What will be done, in order. Raises FormRefused for an answer no command can carry, Refused without hosts."""
    planned: list[PlannedStep] = []
    problems: list[Problem] = []
    for step in steps:
        if not holds(step.conditions, filling.values):
            continue
        try:
            planned += _planned(step, filling, nodes)
        except ParametersRefused as error:
            problems += [_problem(words) for words in error.problems]
    if problems:
        raise FormRefused(list(dict.fromkeys(problems)))
    if len(planned) > MOST_PLANNED:
        raise Refused(
            f"this would be {len(planned)} steps, one for each host; at most {MOST_PLANNED} are taken at once"
        )
    return tuple(planned)


def parts_of(includes: Iterable[Include], filling: Filling) -> tuple[Part, ...]:
    """The items of a bundle that these answers ask for, in order."""
    return tuple(
        Part(one.item, {name: filling.answer(text) for name, text in one.answers.items()})
        for one in includes
        if holds(one.conditions, filling.values)
    )


def _planned(step: FulfilmentStep, filling: Filling, nodes: Sequence[Node]) -> Iterator[PlannedStep]:
    title = filling.text(step.title)
    if step.run is not None:
        run = _run(step.run, filling)
        for host in _hosts(step, step.run, filling, nodes):
            yield PlannedStep(f"{step.name}/{host}", step.kind, title, host, run=run)
    elif step.job is not None:
        hosts = texts_of(filling.values.get(step.job.hosts, ())) if step.job.hosts else ()
        parameters = {name: filling.text(text) for name, text in step.job.parameters.items()}
        job = PlannedJob(step.job.name, parameters, f"host in ({', '.join(hosts)})" if hosts else None)
        if hosts or not step.job.hosts:
            yield PlannedStep(step.name, step.kind, title, job=job)
    elif step.manual is not None:
        manual = PlannedWork(step.manual.team, filling.text(step.manual.words))
        yield PlannedStep(step.name, step.kind, title, manual=manual)


def _run(run: RunStep, filling: Filling) -> PlannedRun:
    commands = {key: filling.command(template) for key, template in run.commands.items()}
    one_time = PlannedSecret(filling.text(run.one_time.title), run.one_time.length) if run.one_time else None
    return PlannedRun(
        apply=commands["apply"],
        verify=commands.get("verify") or commands["observe"],
        observe=commands.get("observe", ()),
        compensate=commands.get("compensate", ()),
        input=run.input,
        one_time=one_time,
        deadline=run.deadline,
    )


def _problem(words: str) -> Problem:
    """A parameter's refusal begins with its name, which is the field's."""
    name, _, message = words.partition(": ")
    return Problem(name, message)


def _hosts(step: FulfilmentStep, run: RunStep, filling: Filling, nodes: Sequence[Node]) -> tuple[str, ...]:
    if run.on is None:
        return texts_of(filling.values.get(run.hosts or "", ()))
    hosts = (LOCAL,) if run.on == LOCAL else tuple(matching(run.on, nodes))
    if not hosts:
        raise Refused(f"step {step.name}: no host matches {run.on!r} any more; see `watchbill host list`")
    return hosts
