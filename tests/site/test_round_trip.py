"""Whatever a site file says comes back from the register as the same value."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.calendars import Calendar
from models.site.jobs import Job
from models.site.references import Kind
from models.site.services import Host, Service
from models.site.site import fingerprint_of, from_spec
from models.site.validation import adapter

Made = st.SearchStrategy[dict[str, Any]]

names = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
variables = st.from_regex(r"[A-Z_][A-Z0-9_]{0,12}", fullmatch=True)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
durations = st.from_regex(r"[1-9][0-9]{0,2}[smhd]([1-9]s)?", fullmatch=True).filter(lambda word: word.count("s") < 2)
dates = st.dates().map(str)
clock = st.times().map(lambda moment: f"{moment:%H:%M}")


def some(required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Made:
    """A mapping with all of the first keys and some of the second."""
    return st.fixed_dictionaries(required, optional=optional)


schedules = st.one_of(
    some(
        {"cron": st.just("30 2 * * mon-fri")}, {"timezone": st.just("Europe/Berlin"), "offset_days": st.integers(0, 5)}
    ),
    some({"every": durations}, {"anchor": st.just("2026-01-01T00:00:00Z")}),
    some({"rrule": st.just("FREQ=MONTHLY;BYDAY=-1FR")}, {"start": st.just("2026-01-01T02:00:00")}),
    some({"business_day": st.integers(1, 20), "at": clock, "calendar": names}, {}),
)
parameters = st.one_of(
    some({"type": st.just("integer")}, {"default": st.integers(-9, 9), "maximum": st.integers(10, 99)}),
    some({"type": st.just("number")}, {"default": st.floats(0, 9, allow_subnormal=False).map(lambda n: round(n, 3))}),
    some({"type": st.just("boolean")}, {"default": st.booleans()}),
    some({"type": st.just("date")}, {"default": dates}),
    some({"type": st.just("choice"), "choices": st.just(["a", "b"])}, {"default": st.sampled_from("ab")}),
    some({"type": st.just("text")}, {"default": text, "description": text}),
)
jobs = some(
    {"name": names, "title": names, "owner": names, "runbook": names},
    {
        "schedule": schedules,
        "calendars": some({}, {"only": st.lists(names), "never": st.lists(names)}),
        "catch_up": some({}, {"policy": st.sampled_from(["none", "last", "all"]), "max_late": durations}),
        "late_after": durations,
        "deadline": durations,
        "on": names,
        "command": st.lists(text, max_size=4),
        "script_text": text,
        "parameters": st.dictionaries(names, parameters, max_size=3),
        "environment": st.dictionaries(variables, text, max_size=3),
        "secrets": st.dictionaries(variables, names.map(lambda name: f"secret://{name}"), max_size=2),
        "batch": some({}, {"size": st.one_of(st.integers(1, 9), st.just("25%")), "pause": durations}),
        "retry": some({}, {"attempts": st.integers(0, 9), "factor": st.integers(1, 4)}),
        "overlap": some({}, {"policy": st.sampled_from(["forbid", "queue", "cancel new", "cancel old"])}),
        "after": st.lists(
            some({"job": names}, {"when": st.sampled_from(["success", "failure", "always"])}), max_size=2
        ),
        "alarms": some({}, {"no_success_for": durations, "over_usual": st.just("20%")}),
        "order": st.dictionaries(names, st.one_of(st.integers(), st.booleans(), text), max_size=2),
        "notify": st.lists(some({"on": st.just(["failed", "late"]), "to": st.just("secret://chat")}, {}), max_size=2),
        "minutes_saved": st.integers(0, 90),
    },
)
hosts = some(
    {"name": names, "address": st.just("10.0.0.1")},
    {
        "port": st.integers(1, 65535),
        "key": st.sampled_from(["keys/night", "secret://night-key"]),
        "tags": st.lists(names),
        "attributes": st.dictionaries(names, names),
        "rank": st.integers(0, 99),
        "connection": st.sampled_from(["ssh", "local"]),
        "timezone": st.just("UTC"),
    },
)
services = some(
    {"name": names, "title": names, "owner": names},
    {
        "tier": st.integers(1, 4),
        "hourly_cost": some({"amount": st.decimals(0, 9999, places=2).map(float), "currency": st.just("EUR")}, {}),
    },
)
windows = st.one_of(
    some({"starts": st.just("2026-12-24T18:00:00"), "ends": st.just("2026-12-27T06:00:00")}, {"reason": text}),
    some({"day": st.just("sat"), "at": clock, "lasts": st.just("2h")}, {}),
)
calendars = some(
    {"name": names, "hours": st.just({"mon-fri": ["08:00-18:00"], "sat": ["22:00-06:00"]})},
    {
        "holidays": st.just(["DE/BE"]),
        "dates": st.dictionaries(st.one_of(dates, st.just("12-24")), st.just("closed: feast"), max_size=3),
        "windows": st.lists(windows, max_size=2),
        "closures": st.lists(windows, max_size=2),
        "timezone": st.just("Europe/Berlin"),
    },
)


def assert_comes_back(model: type, kind: Kind, raw: dict[str, Any]) -> None:
    value = adapter(model).validate_json(json.dumps(raw), strict=True)
    spec = json.loads(json.dumps(adapter(model).dump_python(value, mode="json")))
    back = from_spec(kind, spec)
    assert back == value
    again = adapter(model).dump_python(back, mode="json")
    assert fingerprint_of(again) == fingerprint_of(spec)


@given(jobs)
@settings(max_examples=150, deadline=None)
def test_a_job_comes_back_from_the_register_as_it_was(raw: dict[str, Any]) -> None:
    assert_comes_back(Job, Kind.JOB, raw)


@given(hosts)
@settings(max_examples=50, deadline=None)
def test_a_host_comes_back_from_the_register_as_it_was(raw: dict[str, Any]) -> None:
    assert_comes_back(Host, Kind.HOST, raw)


@given(services)
@settings(max_examples=50, deadline=None)
def test_a_service_comes_back_from_the_register_as_it_was(raw: dict[str, Any]) -> None:
    assert_comes_back(Service, Kind.SERVICE, raw)


@given(calendars)
@settings(max_examples=50, deadline=None)
def test_a_calendar_comes_back_from_the_register_as_it_was(raw: dict[str, Any]) -> None:
    assert_comes_back(Calendar, Kind.CALENDAR, raw)
