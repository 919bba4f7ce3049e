"""Kind `alerts`: what Alertmanager does with labels (routing), alerts (inhibition) and instants (time_intervals)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.rules.inhibition import Inhibitor, InhibitRule
from models.rules.matchers import Matcher, Operator
from models.rules.routing import Branch, Route, routes_for, routing_tree
from models.rules.time_intervals import Range, Ranges, Spans, TimeInterval, TimeRange
from models.rules.wall_clock import zone_of
from tests.conformance.cases import Case, VectorError, fields, rows

_SETS = {"routing", "inhibition", "time_intervals"}
_LINE = re.compile(
    r"(?P<indent>(?:[│ ][ \u00a0]{3})*)[├└]── (?P<matchers>default-route|\{.*\})"
    r"(?P<goes_on>  continue: true)?  receiver: (?P<receiver>.+)"
)
_INTERVALS, _ROUTE, _RULES = (
    TypeAdapter(tuple[TimeInterval, ...]),
    TypeAdapter(Route),
    TypeAdapter(tuple[InhibitRule, ...]),
)
_WEEKDAY_NUMBERS = "0=sunday..6=saturday; ranges inclusive; times end exclusive"
_OLD_MATCHERS = {"match": Operator.EQUAL, "match_re": Operator.LIKE}

Key = frozenset[tuple[str, str]]


def run(document: Mapping[str, Any]) -> Iterator[Case]:
    fields(document, "alerts", {"kind"}, {*_SETS, "oracle", "note"})
    if not _SETS & set(document):
        raise VectorError(f"alerts: at least one of {', '.join(sorted(_SETS))} is expected")
    if "routing" in document:
        yield from _routing(document["routing"])
    if "time_intervals" in document:
        yield from _time_intervals(document["time_intervals"])
    if "inhibition" in document:
        yield from _inhibition(document["inhibition"])


def _routing(value: Any) -> Iterator[Case]:
    found = fields(value, "routing", {"tree", "cases"}, {"config", "note"})
    tree = _tree_of(found["tree"])
    for where, element in rows(found["cases"], "routing.cases"):
        case = fields(element, where, {"labels", "receivers"})
        labels = _labels(case["labels"], where)
        receivers = [branch.receiver for branch in routes_for(tree, labels)]
        yield Case(f"{where} {labels}", _difference("receivers", case["receivers"], receivers))


def _tree_of(text: Any) -> Branch:
    """The tree that amtool draws."""
    lines = [line.rstrip() for line in str(text).splitlines() if line.strip()]
    if lines[:2] != ["Routing tree:", "."]:
        raise VectorError("routing.tree: a tree as amtool draws it is expected")
    routes: list[tuple[int, dict[str, Any]]] = []
    for line in lines[2:]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise VectorError(f"routing.tree: {line!r} is not a route")
        depth = len(match["indent"]) // 4
        matchers = [] if match["matchers"] == "default-route" else [match["matchers"]]
        route = {"matchers": matchers, "continue": match["goes_on"] is not None, "receiver": match["receiver"]}
        above = next((kept for level, kept in reversed(routes) if level == depth - 1), None)
        if bool(routes) is not bool(depth) or (depth and above is None):
            raise VectorError(f"routing.tree: {line!r} hangs on no route")
        if above is not None:
            above.setdefault("routes", []).append(route)
        routes.append((depth, route))
    if not routes:
        raise VectorError("routing.tree: no route")
    return _read("routing.tree", lambda: routing_tree(_ROUTE.validate_python(routes[0][1])))


def _time_intervals(value: Any) -> Iterator[Case]:
    place = "time_intervals"
    found = fields(value, place, (), {"source", "weekday_numbers", "intervals", "yaml_cases", "note"})
    fields(found.get("source", {}), f"{place}.source", (), {"repo", "path", "licence", "commit"})
    if found.get("weekday_numbers", _WEEKDAY_NUMBERS) != _WEEKDAY_NUMBERS:
        raise VectorError(f"{place}.weekday_numbers: only {_WEEKDAY_NUMBERS!r} is known")
    if not {"intervals", "yaml_cases"} & set(found):
        raise VectorError(f"{place}: intervals or yaml_cases are expected")
    for where, element in rows(found["intervals"], f"{place}.intervals") if "intervals" in found else ():
        case = fields(element, where, {"interval", "contains", "excludes"}, {"comment"})
        spans, location = _numbers(case["interval"], f"{where}.interval")
        fault = _misplaced(case, where, lambda instant, s=spans, z=location: s.hold(_at(instant, z)))
        yield Case(f"{where} {case.get('comment')}", fault)
    for where, element in rows(found["yaml_cases"], f"{place}.yaml_cases") if "yaml_cases" in found else ():
        case = fields(element, where, {"yaml", "contains", "excludes", "expect_error"}, {"err", "comment"})
        if not isinstance(case["yaml"], str):
            raise VectorError(f"{where}: yaml is a text")
        yield Case(f"{where} {case['yaml']!r}", _yaml_fault(case, where))


def _yaml_fault(case: Mapping[str, Any], where: str) -> str | None:
    is_refused = _switch(case["expect_error"], where)
    if is_refused and (case["contains"] or case["excludes"]):
        raise VectorError(f"{where}: what is refused contains and excludes nothing")
    try:
        intervals = _INTERVALS.validate_python(YAML(typ="safe").load(case["yaml"]) or ())
    except (YAMLError, ValueError) as error:
        return None if is_refused else f"refused: {' '.join(str(error).split())}"
    if is_refused:
        return f"accepted, but refused by Alertmanager: {case.get('err')}"
    return _misplaced(case, where, lambda at: any(one.contains(at, at.tzinfo) for one in intervals))


def _misplaced(case: Mapping[str, Any], where: str, contains: Any) -> str | None:
    for key, expected in (("contains", True), ("excludes", False)):
        for place, text in _each(case[key], f"{where}.{key}"):
            if contains(_instant(text, place)) is not expected:
                return f"{text} should be {'inside' if expected else 'outside'}"
    return None


def _numbers(value: Any, where: str) -> tuple[Spans, str | None]:
    names = ("weekdays", "days_of_month", "months", "years")
    found = fields(value, where, (), {*names, "times", "location"})
    weekdays, days, months, years = (_ranges(found.get(name), f"{where}.{name}") for name in names)
    times = None
    if "times" in found:
        keys = ("start_time", "end_time")
        given = [fields(one, place, keys) for place, one in rows(found["times"], f"{where}.times")]
        times = _read(where, lambda: tuple(TimeRange(*(one[key] for key in keys)).minutes for one in given))
    location = found.get("location")
    _read(f"{where}.location", lambda: zone_of(location))
    return Spans(times, weekdays, days, months, years), location


def _ranges(value: Any, where: str) -> Ranges | None:
    return None if value is None else tuple(_range(text, place) for place, text in rows(value, where))


def _range(text: Any, where: str) -> Range:
    match = re.fullmatch(r"(-?\d+)(?::(-?\d+))?", str(text))
    if match is None:
        raise VectorError(f"{where}: {text!r} is not a range of numbers")
    return int(match[1]), int(match[2] or match[1])


def _inhibition(value: Any) -> Iterator[Case]:
    found = fields(value, "inhibition", {"config", "alerts"}, {"note"})
    place = "inhibition.config"
    config = fields(_yaml(found["config"], place), place, {"route", "inhibit_rules"}, {"receivers", "global"})
    tree = _read(place, lambda: routing_tree(_ROUTE.validate_python(_route(config["route"], f"{place}.route"))))
    rules = [_rule(rule, where) for where, rule in rows(config["inhibit_rules"], f"{place}.inhibit_rules")]
    inhibitor = Inhibitor[Key](_read(place, lambda: _RULES.validate_python(rules)))
    alerts = []
    needed = {"labels", "resolved", "state", "inhibited_by", "receivers"}
    for where, element in rows(found["alerts"], "inhibition.alerts"):
        alert = fields(element, where, needed, {"fingerprint"})
        labels = _labels(alert["labels"], where)
        alerts.append((where, alert, labels))
        if not _switch(alert["resolved"], where):
            inhibitor.add(_key(labels), labels)
    for where, alert, labels in alerts:
        yield Case(f"{where} {labels}", _alert_fault(alert, labels, tree, inhibitor, where))


def _alert_fault(
    alert: Mapping[str, Any], labels: Mapping[str, str], tree: Branch, inhibitor: Inhibitor[Key], where: str
) -> str | None:
    expected = {_key(_labels(one, place)) for place, one in _each(alert["inhibited_by"], f"{where}.inhibited_by")}
    if alert["state"] not in ("active", "suppressed", None):
        raise VectorError(f"{where}: the state {alert['state']!r} is not known")
    if not re.fullmatch(r"[0-9a-f]{16}|None", str(alert.get("fingerprint"))):
        raise VectorError(f"{where}: Alertmanager's fingerprint has 16 hexadecimal digits")
    if alert["resolved"]:
        shown = [alert["state"], alert["inhibited_by"], alert["receivers"]]
        return _difference("of a resolved alert", shown, [None, [], []])
    inhibition = inhibitor.inhibition_of(labels)
    state = "active" if inhibition is None else "suppressed"
    receivers = [branch.receiver for branch in routes_for(tree, labels)]
    fault = _difference("state", alert["state"], state) or _difference("receivers", alert["receivers"], receivers)
    if fault is not None or inhibition is None:
        return fault or _difference("inhibited by", sorted(map(sorted, expected)), [])
    # Alertmanager names one of those that inhibit, whichever it meets first.
    sources = set(inhibition.sources)
    return None if expected and expected <= sources else f"inhibited by {sources}, expected {expected}"


def _route(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise VectorError(f"{where}: an object is expected")
    route = _with_matchers(value, "matchers", "", where)
    below = [_route(one, place) for place, one in _each(route.get("routes", []), f"{where}.routes")]
    return {**route, "routes": below}


def _rule(value: Any, where: str) -> dict[str, Any]:
    allowed = {f"{side}_{name}" for side in ("source", "target") for name in ("matchers", *_OLD_MATCHERS)}
    rule = dict(fields(value, where, (), {*allowed, "equal", "name"}))
    for side in ("source", "target"):
        rule = _with_matchers(rule, f"{side}_matchers", f"{side}_", where)
    return rule


def _with_matchers(value: Mapping[str, Any], key: str, prefix: str, where: str) -> dict[str, Any]:
    """The block with the two older ways to write matchers written in the newer one."""
    block = dict(value)
    matchers = list(block.get(key) or ())
    for name, operator in _OLD_MATCHERS.items():
        old = _labels(block.pop(prefix + name, {}), f"{where}.{prefix}{name}")
        for label, text in old.items():
            matchers.append(_read(where, lambda o=operator, n=label, t=text: str(Matcher(n, o, t))))
    return {**block, key: matchers}


def _labels(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise VectorError(f"{where}: labels are an object of texts")
    return value


def _key(labels: Mapping[str, str]) -> Key:
    return frozenset((name, text) for name, text in labels.items() if text)


def _yaml(text: Any, where: str) -> Any:
    return _read(where, lambda: YAML(typ="safe").load(text))


def _read(where: str, read: Any) -> Any:
    try:
        return read()
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        raise VectorError(f"{where}: {' '.join(str(error).split())}") from error


def _each(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    return rows(value, where) if value != [] else iter(())


def _switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise VectorError(f"{where}: {value!r} is not true or false")
    return value


def _at(instant: datetime, location: str | None) -> datetime:
    return instant if location is None else instant.astimezone(zone_of(location))


def _instant(text: Any, where: str) -> datetime:
    instant = _read(where, lambda: datetime.fromisoformat(text))
    if instant.tzinfo is None:
        raise VectorError(f"{where}: {text} has no offset")
    return instant


def _difference(what: str, expected: Any, found: Any) -> str | None:
    return None if expected == found else f"{what}: expected {expected}, found {found}"
