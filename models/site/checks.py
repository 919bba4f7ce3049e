"""What must be true inside one job beyond the form of its keys, and of its node filter."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from models.orders import RunOrder
from models.rules.durations import format_duration
from models.rules.node_words import FilterError
from models.rules.nodes import Node as Candidate
from models.rules.nodes import matching, without_match
from models.rules.parameters import ParameterType, command_problems, name_problem
from models.site.flow_orders import flow_orders
from models.site.jobs import LOCAL, Job
from models.site.messages import did_you_mean, message, unknown_key
from models.site.references import MOST_SHOWN
from models.site.services import Connection, Host
from models.site.tree import SECRET_WORD, Node, Path

ARGUMENT = re.compile(r"argument (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a job: the path below its name, and why."""

    path: Path
    message: str
    at_key: bool = False


def faults_of(entry: object, left_out: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """Everything wrong inside one entry whose keys have the right form.

    `left_out` names keys that were wrong and are missing from the entry: what reads them says nothing.
    """
    if isinstance(entry, Job):
        for check, keys in JOB_CHECKS:
            if not left_out & keys:
                yield from check(entry)
    if isinstance(entry, Host) and not left_out & {"address", "connection", "jump"}:
        yield from _host_faults(entry)


def filter_faults(jobs: Mapping[str, Node], hosts: Mapping[str, Host]) -> Iterator[tuple[str, str]]:
    """Each job whose node filter cannot be read or matches no host, with what there is to choose from."""
    candidates = [host.node() for host in hosts.values()]
    for name, job in jobs.items():
        wanted = job.mapping().get("on")
        if wanted is None or not isinstance(wanted.value, str) or wanted.value == LOCAL:
            continue
        try:
            if not matching(wanted.value, candidates):
                yield (
                    name,
                    "; ".join(["matches no host", *without_match(wanted.value, candidates), preview(candidates)]),
                )
        except FilterError as error:
            yield name, f"is no node filter: {error}"


def _host_faults(host: Host) -> Iterator[Fault]:
    if host.name == LOCAL:
        yield Fault((), "is a reserved name: `on: local` means this machine, without any host entry")
    if host.connection is Connection.SSH and host.address is None:
        yield Fault((), "has no address; give it one, or connection: local for this machine")
    if host.connection is Connection.LOCAL and host.jump is not None:
        yield Fault(("jump",), "goes with connection: ssh", at_key=True)


def preview(candidates: list[Candidate]) -> str:
    """The hosts that there are, with their tags."""
    if not candidates:
        return "the site has no host at all"
    shown = [f"{one.name} ({', '.join(sorted(one.tags)) or 'no tags'})" for one in candidates[:MOST_SHOWN]]
    more = f" and {len(candidates) - MOST_SHOWN} more" if len(candidates) > MOST_SHOWN else ""
    return f"hosts: {', '.join(shown)}{more}"


def _what_it_runs(job: Job) -> Iterator[Fault]:
    given = [key for key in ("command", "script", "flow") if getattr(job, key)]
    if not given:
        yield Fault((), "says nothing to run; give it one of command, script, flow")
    for extra in given[1:]:
        yield Fault((extra,), f"stands beside {given[0]}; a job has one of command, script, flow", at_key=True)
    if job.flow is None and job.on is None:
        yield Fault((), 'has no `on`; give it a node filter like "tag=web", or local')
    if job.flow is not None and job.on is not None:
        yield Fault(("on",), "goes with command or script; a flow knows itself where it works", at_key=True)
    if job.arguments and job.script is None:
        yield Fault(("arguments",), "goes with script; write them into command", at_key=True)
    if job.order and job.flow is None:
        yield Fault(("order",), "goes with flow", at_key=True)
    if job.flow is not None:
        yield from _flow(job)


def _flow(job: Job) -> Iterator[Fault]:
    orders = flow_orders()
    order = orders.get(job.flow or "")
    if order is None:
        near = did_you_mean(job.flow or "", orders)
        allowed = ", ".join(sorted(orders))
        yield Fault(("flow",), f'no flow "{job.flow}" that a job can start; allowed: {allowed}{near}')
        return
    allowed_here = sorted(set(order.model_fields) - set(RunOrder.model_fields))
    for key in job.order:
        if key not in allowed_here:
            yield Fault(("order", key), unknown_key(key, allowed_here), at_key=True)
    try:
        order.model_validate({"run": "RUN000001", **{key: job.order[key] for key in allowed_here if key in job.order}})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            wrong = detail["loc"][0]
            yield Fault(("order", wrong), message(detail, order))


def _templates(job: Job) -> Iterator[Fault]:
    """Each argument alone, so that the fault points at it. An empty script name stands in for the program."""
    for key, first in (("command", ()), ("arguments", ("script",))):
        template: tuple[str, ...] = (*first, *getattr(job, key))
        for problem in command_problems(template, job.parameters) if len(template) > len(first) else ():
            match = ARGUMENT.fullmatch(problem)
            number = int(match[1]) - 1 if match else len(first)
            hint = _template_hint(job, template[number])
            yield Fault((key, number - len(first)), (match[2] if match else problem) + hint)


def _template_hint(job: Job, argument: str) -> str:
    used = [name for name in job.secrets if f"{{{name}}}" in argument]
    if used:
        return f"; the secret {used[0]} is in the command's environment, and never in its arguments"
    return "; for a shell's ${NAME} write ${{NAME}}" if "${" in argument else ""


def _parameters(job: Job) -> Iterator[Fault]:
    for name, parameter in job.parameters.items():
        problem = name_problem(name)
        if problem:
            yield Fault(("parameters", name), problem, at_key=True)
        if parameter.type is ParameterType.TEXT and SECRET_WORD.search(name):
            words = "looks like a secret, and parameters are stored and shown; use secrets: {NAME: secret://name}"
            yield Fault(("parameters", name), words, at_key=True)


def _variables(job: Job) -> Iterator[Fault]:
    for name in job.environment:
        if SECRET_WORD.search(name):
            words = "looks like a secret, and the environment is stored and shown; use secrets: {NAME: secret://name}"
            yield Fault(("environment", name), words, at_key=True)
        if name in job.secrets:
            yield Fault(("environment", name), "stands in secrets too; keep one of the two", at_key=True)


def _times(job: Job) -> Iterator[Fault]:
    if job.deadline <= timedelta(0):
        yield Fault(("deadline",), "must be above 0s")
    if job.schedule is not None and job.after and job.within <= timedelta(0):
        yield Fault(("within",), "must be above 0s")
    if job.alarms.too_long is not None and job.alarms.too_long > job.deadline:
        words = f"can never happen: the deadline ends the command after {format_duration(job.deadline)} already"
        yield Fault(("alarms", "too_long"), words)


def _event(job: Job) -> Iterator[Fault]:
    wait = job.wait_for_event
    if wait is None:
        return
    if job.schedule is None and not job.after:
        words = "goes with schedule or after: without a due time nobody can say whether the event is missing"
        yield Fault(("wait_for_event",), words, at_key=True)
    for key, span in (("within", wait.within), ("up_to", wait.up_to)):
        if span is not None and span <= timedelta(0):
            yield Fault(("wait_for_event", key), "must be above 0s")


JOB_CHECKS: tuple[tuple[Callable[[Job], Iterator[Fault]], set[str]], ...] = (
    (_what_it_runs, {"command", "script", "flow", "on", "arguments", "order"}),
    (_templates, {"command", "arguments", "parameters", "secrets"}),
    (_parameters, set()),
    (_variables, set()),
    (_times, set()),
    (_event, {"schedule", "after", "wait_for_event"}),
)
"""Each check and the keys that it reads."""
