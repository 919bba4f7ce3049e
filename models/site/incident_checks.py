"""What must be true of incidents.yaml beyond the form of its keys, and what in it is legal and seldom meant."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from models.rules.clock_promises import Target
from models.rules.matchers import Operator
from models.rules.priorities import MAJOR
from models.rules.rota import Rota
from models.rules.scopes import LABELS, named_values
from models.site.incidents import Audience, Escalation, Handling, How, Promise, Scoped
from models.site.messages import did_you_mean
from models.site.people import Person
from models.site.references import Kind, ReferenceFault, listed, unknown_name
from models.site.site import Site
from models.site.tree import Path

Said = Iterator[tuple[Path, str]]
Made = Mapping[Kind, Mapping[str, Any]]
LABEL_KINDS = {
    "service": Kind.SERVICE,
    "host": Kind.HOST,
    "team": Kind.TEAM,
    "category": Kind.CATEGORY,
}
"""The labels whose values are names of entries."""
IN_DAYS = "is in working days: name the calendar whose days they are: calendar: NAME"
AUDIENCES = ("role", "team", "person", "rota", "receiver")


def incident_faults(whole: Made, made: Made) -> Iterator[ReferenceFault]:
    """Everything wrong in the entries of incidents.yaml whose keys have the right form."""
    handling = next(iter(made[Kind.HANDLING].values()), Handling())
    known = known_values(handling, made)
    for name, one in whole[Kind.HANDLING].items():
        for path, message in _handling(one, known, made[Kind.ROTA]):
            yield ReferenceFault(Kind.HANDLING, name, path, message)
    for name, promise in whole[Kind.PROMISE].items():
        for path, message in (*_promise(promise, known), *scope_faults(promise, known)):
            yield ReferenceFault(Kind.PROMISE, name, path, message)
    for name, chain in whole[Kind.ESCALATION].items():
        for path, message in (*_chain(chain), *scope_faults(chain, known)):
            yield ReferenceFault(Kind.ESCALATION, name, path, message)


def incident_surprises(site: Site) -> Iterator[str]:
    """What the check says though it is legal: cells, promises, rules and chains that are seldom meant so."""
    for words in site.handling.levels.surprises():
        yield f"handling.levels.matrix: {words}"
    for where, scoped in _all_scoped(site):
        for words in scoped.scope.never():
            yield f"{where} is for no incident: {words}"
    for promise in site.promises.values():
        for words in _never_promised(promise):
            yield f"promises.{promise.name} is for no incident: {words}"
        yield from _no_major(promise, site.handling)
    for first, second in combinations(site.promises.values(), 2):
        if first.agreement is not second.agreement or first.rank != second.rank:
            continue
        if first.scope.surely_meets(second.scope):
            yield (
                f"promises.{first.name} and promises.{second.name} can fit one incident and have one rank: "
                f"{min(first.name, second.name)} holds then, by its name; give one a lower rank"
            )
    for number, rule in enumerate(site.handling.assignment[:-1]):
        if rule.scope == type(rule.scope)():
            yield f"handling.assignment.{number} takes every incident: the rules after it are never reached"
    for rota in site.rotas.values():
        yield from _strangers(rota, site.people)


def known_values(handling: Handling, made: Made) -> dict[str, list[str]]:
    """The values that each label of an incident can have."""
    levels = handling.levels
    urgencies = next(iter(levels.matrix.values()), {})
    known = {label: list(made[kind]) for label, kind in LABEL_KINDS.items()}
    return known | {
        "priority": [MAJOR, *levels.priorities],
        "impact": list(levels.matrix),
        "urgency": list(urgencies),
        "tier": ["1", "2", "3", "4"],
    }


def _handling(handling: Handling, known: Mapping[str, list[str]], rotas: Mapping[str, Rota]) -> Said:
    for number, rule in enumerate(handling.assignment):
        path: Path = ("assignment", number)
        yield from scope_faults(rule, known, path)
        if rule.rota is not None and rule.how is not How.ON_CALL:
            yield (*path, "rota"), "goes with how: on call"
        has_rota = rule.rota is not None or any(rota.team == rule.team for rota in rotas.values())
        if rule.how is How.ON_CALL and rule.team is not None and not has_rota:
            yield (*path, "how"), f"the team {rule.team} has no rota; give it one in rotas, or name one: rota: NAME"
    for number, candidate in enumerate(handling.major.candidates):
        yield from scope_faults(candidate, known, ("major", "candidates", number))


def _promise(promise: Promise, known: Mapping[str, list[str]]) -> Said:
    if not promise.own and not promise.resolve:
        yield (), "promises nothing; give it own or resolve, like resolve: {P1: 4h}"
    for key, targets in (("own", promise.own), ("resolve", promise.resolve)):
        for priority, target in targets.items():
            if priority not in known["priority"]:
                yield (key, priority), unknown_value("priority", priority, known["priority"])
            if target.working_days is not None and promise.calendar is None:
                yield (key, priority), IN_DAYS
    for priority in promise.own.keys() & promise.resolve.keys():
        own, resolve = promise.own[priority], promise.resolve[priority]
        if _surely_longer(own, resolve):
            yield ("own", priority), f"is longer than the time to resolve it: {own} against {resolve}"


def _surely_longer(own: Target, resolve: Target) -> bool:
    if own.open_time is not None and resolve.open_time is not None:
        return own.open_time > resolve.open_time
    if own.working_days is not None and resolve.working_days is not None:
        return own.working_days > resolve.working_days
    return False


def _chain(chain: Escalation) -> Said:
    for number, step in enumerate(chain.steps):
        path: Path = ("steps", number)
        if not step.tell and step.assign is None:
            yield path, "does nothing; give it tell or assign"
        if step.repeat is not None and not step.repeat.every:
            yield (*path, "repeat", "every"), "must be above 0s"
        for place, audience in enumerate(step.tell):
            yield from (((*path, "tell", place), words) for words in _audience(audience))


def _audience(audience: Audience) -> Iterator[str]:
    given = [key for key in AUDIENCES if getattr(audience, key) is not None]
    if len(given) != 1:
        yield f"must have one of {', '.join(AUDIENCES)}; it has {' and '.join(given) or 'none'}"


def scope_faults(scoped: Scoped, known: Mapping[str, list[str]], above: Path = ()) -> Said:
    """What its matchers ask of labels that no incident has, or of values that there are not."""
    path: Path = (*above, "when")
    for matcher in scoped.scope.matchers:
        if matcher.name not in LABELS:
            yield (
                path,
                f'an incident has no label "{matcher.name}"; known: {listed(sorted(LABELS))}'
                + did_you_mean(matcher.name, LABELS),
            )
    for label, value in named_values(scoped.scope.matchers):
        if label in known and value not in known[label]:
            kind = LABEL_KINDS.get(label)
            words = unknown_name(kind, value, known[label]) if kind else unknown_value(label, value, known[label])
            yield path, words


def unknown_value(what: str, value: str, known: Iterable[str]) -> str:
    """The message for a value that there is not."""
    names = list(known)
    return f'no {what} "{value}"; known: {listed(names)}{did_you_mean(value, names)}'


def _all_scoped(site: Site) -> Iterator[tuple[str, Scoped]]:
    for name, promise in site.promises.items():
        yield f"promises.{name}", promise
    for name, chain in site.escalations.items():
        yield f"escalations.{name}", chain
    for number, rule in enumerate(site.handling.assignment):
        yield f"handling.assignment.{number}", rule
    for number, candidate in enumerate(site.handling.major.candidates):
        yield f"handling.major.candidates.{number}", candidate


def _never_promised(promise: Promise) -> Iterator[str]:
    """A promise whose matchers let through no priority that it has a target for."""
    asked = [matcher for matcher in promise.scope.matchers if matcher.name == "priority"]
    targets = {*promise.own, *promise.resolve}
    if asked and targets and not any(all(matcher.test(priority) for matcher in asked) for priority in targets):
        yield f"{', '.join(map(str, asked))} holds for none of its priorities {', '.join(sorted(targets))}"


def _no_major(promise: Promise, handling: Handling) -> Iterator[str]:
    excluded = any(
        matcher.name == "priority" and not (matcher.operator is Operator.EQUAL or matcher.test(MAJOR))
        for matcher in promise.scope.matchers
    )
    for key, targets in (("own", promise.own), ("resolve", promise.resolve)):
        if handling.levels.priorities[0] in targets and MAJOR not in targets and not excluded:
            yield f"promises.{promise.name}.{key} has no target for major: a major incident has no clock there"


def _strangers(rota: Rota, people: Mapping[str, Person]) -> Iterator[str]:
    for name in dict.fromkeys(rota.people):
        if name in people and rota.team not in people[name].teams:
            yield f"rotas.{rota.name}: {name} is on call for {rota.team} and does not work in it"
