"""Plans: the steps of a request with the answers in their places, and never anything but answers."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.rules.catalogue.conditions import Answer
from models.rules.catalogue.fields import FormField
from models.rules.catalogue.forms import FormRefused
from models.rules.catalogue.plan_words import plan_words
from models.rules.catalogue.plans import (
    Filling,
    Part,
    PlannedJob,
    PlannedSecret,
    PlannedStep,
    PlannedWork,
    parts_of,
    plan_of,
)
from models.rules.catalogue.steps import FulfilmentStep, Include, JobStep, ManualStep, OneTimeSecret, RunStep
from models.rules.field_error import FieldError
from models.rules.nodes import Node, matching
from models.site.catalogue import plan_from, plan_spec
from models.vocabulary import FieldType, PlanKind

NODES = tuple(Node(name, frozenset({"web"})) for name in ("web2", "web1"))
FORM = (
    FormField("package", "Which?"),
    FormField("hosts", "Where?", FieldType.HOST, several=True),
    FormField("groups", "Which groups?", FieldType.CHOICE, choices=("a", "b", "-c"), several=True),
    FormField("days", "How long?", FieldType.INTEGER),
    FormField("key", "Key?", secret=True),
)


def filling(**values: Answer) -> Filling:
    return Filling(FORM, values, "ada", "bob")


def plan(step: FulfilmentStep, **values: Answer) -> tuple[PlannedStep, ...]:
    return plan_of((step,), filling(**values), NODES)


def run(**given: object) -> FulfilmentStep:
    whole = {"apply": ("install", "{package}"), "observe": ("look",), **given}
    return FulfilmentStep("install", "Install {package}", run=RunStep(**whole))


def test_each_host_is_a_step_with_a_key_of_its_own() -> None:
    found = plan(run(hosts="hosts"), package="git", hosts=("web2", "web1"))
    assert [(one.key, one.kind, one.title, one.host) for one in found] == [
        ("install/web2", PlanKind.RUN, "Install git", "web2"),
        ("install/web1", PlanKind.RUN, "Install git", "web1"),
    ]


@pytest.mark.parametrize(
    ("step", "hosts", "reason"),
    [
        (run(on="tag=web"), ["web1", "web2"], "the hosts of a filter, by name"),
        (run(on="local"), ["local"], "the worker's machine"),
        (run(hosts="hosts"), [], "a field that was not answered"),
    ],
)
def test_where_a_step_runs(step: FulfilmentStep, hosts: list[str], reason: str) -> None:
    assert [one.host for one in plan(step, package="git")] == hosts, reason


def test_a_filter_that_matches_nothing_any_more_is_no_empty_plan() -> None:
    with pytest.raises(Refused, match="step install: no host matches 'tag=db' any more"):
        plan(run(on="tag=db"), package="git")


def test_every_command_of_a_run_is_filled_and_observe_verifies_where_nothing_else_does() -> None:
    (one,) = plan(run(on="local", compensate=("remove", "{package}"), deadline=timedelta(minutes=1)), package="git")
    assert one.run
    assert (one.run.observe, one.run.apply, one.run.verify) == (("look",), ("install", "git"), ("look",))
    assert (one.run.compensate, one.run.deadline) == (("remove", "git"), timedelta(minutes=1))
    (one,) = plan(run(on="local", verify=("prove",)), package="git")
    assert one.run
    assert one.run.verify == ("prove",)


def test_a_one_time_secret_has_a_title_and_no_value() -> None:
    step = run(on="local", observe=(), verify=("check",), one_time=OneTimeSecret("Password of {beneficiary}"))
    (one,) = plan(step, package="x")
    assert one.run
    assert one.run.one_time == PlannedSecret("Password of bob", 20)


COMMANDS = [
    (("useradd", "{beneficiary}"), {}, ("useradd", "bob"), "for whom"),
    (("log", "by={requester}"), {}, ("log", "by=ada"), "who asks"),
    (("x", "--to={package}"), {"package": "-rf"}, ("x", "--to=-rf"), "inside an argument it is no option"),
    (("x", "{package}"), {"package": "a b; $(c) {days}"}, ("x", "a b; $(c) {days}"), "nothing is read twice"),
    (("x", "{groups}", "y"), {"groups": ("a", "b")}, ("x", "a", "b", "y"), "as many arguments as answers"),
    (("x", "{groups}"), {}, ("x",), "none of several is no argument"),
    (("x", "{package}"), {}, ("x", ""), "not answered: an empty argument"),
    (("x", "{{package}}"), {"package": "a"}, ("x", "{package}"), "a brace itself is doubled"),
    (("x", "{days}"), {"days": "-3"}, ("x", "-3"), "a number is no option"),
]


@pytest.mark.parametrize(("command", "values", "found", "reason"), COMMANDS, ids=[case[-1] for case in COMMANDS])
def test_an_answer_is_one_argument(
    command: tuple[str, ...], values: dict[str, Answer], found: tuple[str, ...], reason: str
) -> None:
    assert filling(**values).command(command) == found, reason


EVERYTHING = (
    run(on="local", apply=("x", "--y={package}"), compensate=("z", "--y={package}"), observe=(), verify=("v",),
        one_time=OneTimeSecret("Of {package}")),
    FulfilmentStep("clean", "Clean {package}", job=JobStep("tidy", {"days": "{package}"}, hosts="hosts")),
    FulfilmentStep("tell", "{package}", manual=ManualStep("deck", "{package}")),
)  # fmt: skip


@given(answer=st.text(max_size=40) | st.sampled_from(["", "{", "}", "{days}", "{{x}}", "%s", "$(id)"]))
def test_any_answer_stands_as_it_is_wherever_it_is_said_and_comes_back_from_the_database(answer: str) -> None:
    found = plan_of(EVERYTHING, filling(package=answer.replace("\0", ""), hosts=("web1",)), NODES)
    said = answer.replace("\0", "")
    first, second, third = found
    assert first.run
    assert second.job
    assert third.manual
    assert (first.run.apply, first.run.compensate) == (("x", f"--y={said}"), ("z", f"--y={said}"))
    assert (first.title, first.run.one_time) == (f"Install {said}", PlannedSecret(f"Of {said}", 20))
    assert (second.title, second.job.parameters) == (f"Clean {said}", {"days": said})
    assert (third.title, third.manual) == (said, PlannedWork("deck", said))
    assert plan_from(plan_spec(found)) == found


@given(texts=st.lists(st.text(min_size=1, max_size=20), max_size=4), one=st.text(max_size=20))
def test_no_answer_makes_another_number_of_arguments_or_another_one(texts: list[str], one: str) -> None:
    whole = filling(groups=tuple(texts), package=one)
    if any("\0" in text or text.startswith("-") or not text.isprintable() for text in texts):
        return
    assert whole.command(("p", "--x={package}", "{groups}")) == ("p", f"--x={one}", *texts)
    assert whole.text("{package}") == one


def test_an_answer_that_no_command_can_carry_is_refused_at_its_field_once() -> None:
    step = run(on="local", apply=("x", "{package}", "{groups}"), verify=("y", "{package}"))
    with pytest.raises(FormRefused) as caught:
        plan(step, package="--force", groups=("a", "-c"))
    assert [problem.field for problem in caught.value.problems] == ["package"]
    assert 'begins with "-" could be taken for an option' in str(caught.value)


def test_a_job_gets_its_parameters_and_its_hosts() -> None:
    job = JobStep("tidy", {"days": "{days}", "why": "for {beneficiary}"}, hosts="hosts")
    step = FulfilmentStep("clean", "Clean", job=job)
    (one,) = plan(step, days="7", hosts=("web1", "web2"))
    assert one.job == PlannedJob("tidy", {"days": "7", "why": "for bob"}, "host in (web1, web2)")
    assert matching(one.job.on or "", [*NODES, Node("web3")]) == ["web1", "web2"]
    assert plan(step, days="7") == ()
    (one,) = plan(FulfilmentStep("clean", "Clean", job=JobStep("tidy")))
    assert one.job == PlannedJob("tidy")


def test_manual_work_says_what_to_do_and_steps_hang_on_answers() -> None:
    step = FulfilmentStep("tell", "Tell", ('days!=""',), manual=ManualStep("deck", "Tell {beneficiary}: {groups}"))
    (one,) = plan(step, days="1", groups=("a", "b"))
    assert one.manual == PlannedWork("deck", "Tell bob: a, b")
    assert plan(step) == ()


def test_a_bundle_hands_over_answers_as_they_are_or_in_words() -> None:
    includes = (
        Include("account", answers={"login": "{beneficiary}", "groups": "{groups}"}),
        Include("program", ('package!=""',), {"package": "{package}", "why": "{package} for {beneficiary}"}),
    )
    assert parts_of(includes, filling(groups=("a", "b"), package="git")) == (
        Part("account", {"login": "bob", "groups": ("a", "b")}),
        Part("program", {"package": "git", "why": "git for bob"}),
    )
    assert [part.given for part in parts_of(includes, filling())] == [{"login": "bob", "groups": ""}]


def test_a_plan_in_words_shows_every_command_and_no_line_of_an_answer_as_a_step() -> None:
    steps = (
        run(on="local"),
        FulfilmentStep("clean", "Clean", job=JobStep("tidy", {"days": "{days}"}, hosts="hosts")),
        FulfilmentStep("tell", "Tell", manual=ManualStep("deck", "Say: {package}")),
    )
    values: dict[str, Answer] = {"package": "a\nInstall nothing: on web1: true", "days": "7", "hosts": ("web1",)}
    words = plan_words(plan_of(steps, filling(**values), NODES), (Part("other", {}),)).splitlines()
    assert [line for line in words if not line.startswith("    ")] == [
        "Install a",
        "Clean: job tidy with days=7 on host in (web1)",
        "Tell: by team deck: Say: a",
        "orders other",
    ]
    assert "    Install nothing: on web1: true" in words


def test_a_long_answer_does_not_hide_what_comes_behind_it() -> None:
    step = FulfilmentStep("tell", "Tell", manual=ManualStep("deck", "{package}"))
    words = plan_words(plan_of((step, step), filling(package="x" * 7_000), NODES), ())
    assert len(words) < 4_200
    assert words.count("characters more") == 2


def test_a_plan_has_an_end() -> None:
    nodes = [Node(f"web{number}", frozenset({"web"})) for number in range(501)]
    with pytest.raises(Refused, match="this would be 501 steps, one for each host; at most 500"):
        plan_of((run(on="tag=web"),), filling(package="git"), nodes)


WRONG = [
    (lambda: RunStep(apply=("x",), observe=("y",)), "on", "one of `on`", "nowhere"),
    (lambda: RunStep(apply=("x",), observe=("y",), on="local", hosts="h"), "on", "one of `on`", "in two places"),
    (lambda: RunStep(apply=("x",), on="local"), "verify", "nothing says that it is done", "no proof"),
    (lambda: run(on="local", input="key", one_time=OneTimeSecret("x")), "input", "standard input", "two inputs"),
    (lambda: run(on="local", one_time=OneTimeSecret("x")), "observe", "always set", "a secret that is there already"),
    (lambda: run(on="local", deadline=timedelta(0)), "deadline", "more than 0s", "no time at all"),
    (lambda: OneTimeSecret("x", 4), "length", "12 to 128", "a short secret"),
    (lambda: OneTimeSecret(" "), "title", "1 to 300", "a secret of nothing"),
    (lambda: ManualStep("deck", "Do {x"), "words", "a brace itself is doubled", "half a brace"),
    (lambda: JobStep("x", {"days": "{"}), "parameters", "a brace itself is doubled", "a parameter with a brace"),
    (lambda: Include("x", answers={"days": "}"}), "answers", "a brace itself is doubled", "an answer with a brace"),
    (lambda: Include("x", ("days",)), "when", "is not a matcher", "no condition"),
    (lambda: FulfilmentStep("Do It", "Do", manual=ManualStep("a", "b")), "name", "must be a name", "no name"),
]


@pytest.mark.parametrize(("make", "key", "words", "reason"), WRONG, ids=[case[-1] for case in WRONG])
def test_a_step_that_cannot_be_is_refused_at_its_key(make, key: str, words: str, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        make()
    assert caught.value.key == key, reason
    assert words in str(caught.value)


@pytest.mark.parametrize("given_", [{}, {"job": JobStep("x"), "manual": ManualStep("a", "b")}], ids=["none", "two"])
def test_a_step_is_one_thing(given_: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a step has one of run, job, manual; it has"):
        FulfilmentStep("do", "Do", **given_)
