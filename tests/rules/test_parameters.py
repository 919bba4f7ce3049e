"""Parameters: typed, all faults at once, and one argument each whatever they hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.parameters import (
    LONGEST_VALUE,
    Parameter,
    ParametersRefused,
    ParameterType,
    bind,
    command_problems,
    name_problem,
    render_argv,
)

T = ParameterType
DAYS = Parameter(type=T.INTEGER, default=7, minimum=1, maximum=30)
TEXT = Parameter()
FREE = Parameter(allow_leading_dash=True)


@pytest.mark.parametrize(
    ("parameter", "given", "text", "reason"),
    [
        (DAYS, None, "7", "the default"),
        (DAYS, "30", "30", "text from a form"),
        (DAYS, 1, "1", "a number from YAML"),
        (DAYS, " +5 ", "5", "written in the plain way"),
        (Parameter(type=T.INTEGER), "-5", "-5", "a negative number"),
        (Parameter(type=T.NUMBER), "1.50", "1.50", "as it was written"),
        (Parameter(type=T.NUMBER), 1e-7, "1e-07", "a small number"),
        (Parameter(type=T.BOOLEAN), "Yes", "true", "a word for yes"),
        (Parameter(type=T.BOOLEAN), False, "false", "a switch"),
        (Parameter(type=T.CHOICE, choices=("full", "incremental")), "full", "full", "a choice"),
        (Parameter(type=T.DATE), date(2026, 11, 21), "2026-11-21", "a date from YAML"),
        (Parameter(type=T.DATE), "2026-11-21", "2026-11-21", "a date from a form"),
        (TEXT, "two words\nand $(more) 'quotes'", "two words\nand $(more) 'quotes'", "text stays as it is"),
        (TEXT, "", "", "an empty text is a text"),
        (TEXT, None, "", "absent and not required"),
        (TEXT, 5, "5", "a number given for a text"),
        (Parameter(pattern="[a-z]+"), "abc", "abc", "the whole text matches"),
        (Parameter(minimum=3, maximum=3), "abc", "abc", "one length only"),
        (TEXT, "x" * LONGEST_VALUE, "x" * LONGEST_VALUE, "as long as may be"),
    ],
)
def test_a_value_is_read_by_its_type(parameter, given, text, reason):
    assert bind({"p": parameter}, {"p": given} if given is not None else {}) == {"p": text}, reason


@pytest.mark.parametrize(
    ("parameter", "given", "message", "reason"),
    [
        (DAYS, "0", "below the minimum 1", "too small"),
        (DAYS, "31", "above the maximum 30", "too large"),
        (DAYS, "seven", "not a whole number", "a word"),
        (DAYS, "1.0", "not a whole number", "a fraction"),
        (DAYS, "٣", "not a whole number", "other digits"),
        (DAYS, True, "not a whole number", "a switch is no number"),
        (Parameter(type=T.NUMBER), "nan", "not a number", "no number, by its name"),
        (Parameter(type=T.NUMBER), "inf", "not a number", "no number to count with"),
        (Parameter(type=T.BOOLEAN), "perhaps", "allowed: true, yes", "neither"),
        (Parameter(type=T.CHOICE, choices=("full", "part")), "fll", 'did you mean "full"', "no such choice"),
        (Parameter(type=T.DATE), "21.11.2026", "2026-12-24", "another way to write it"),
        (Parameter(type=T.DATE), "2026-02-30", "not a date", "no such day"),
        (Parameter(maximum=3), "four", "a length of 4", "too long"),
        (Parameter(pattern="[a-z]+"), "abc1", "does not match", "only a part matches"),
        (Parameter(required=True), None, "a value is required", "absent"),
        (TEXT, "a\0b", "NUL", "no command line can carry it"),
        (TEXT, "\ud800", "Unicode", "half a character"),
        (TEXT, "\udfff", "Unicode", "the other half"),
        (TEXT, "x" * (LONGEST_VALUE + 1), "at most", "longer than a command line"),
    ],
)
def test_a_value_that_cannot_be_is_refused(parameter, given, message, reason):
    with pytest.raises(ParametersRefused, match=message) as refused:
        bind({"p": parameter}, {"p": given})
    assert len(refused.value.problems) == 1, reason
    assert refused.value.problems[0].startswith("p: ")


def test_all_faults_are_told_at_once():
    with pytest.raises(ParametersRefused) as refused:
        bind({"days": DAYS, "name": Parameter(required=True)}, {"days": 99, "nmae": "x"})
    assert refused.value.problems == (
        'there is no parameter "nmae"; did you mean "name"?',
        "days: 99 is above the maximum 30",
        "name: a value is required",
    )


PARAMETERS = {"days": DAYS, "name": TEXT, "other": TEXT, "free": FREE}


@pytest.mark.parametrize(
    ("command", "values", "argv", "reason"),
    [
        (["rotate", "--days", "{days}"], {"days": "5"}, ("rotate", "--days", "5"), "a whole argument"),
        (["rotate", "--name={name}"], {"name": "-x"}, ("rotate", "--name=-x"), "a part, so a dash is harmless"),
        (["echo", "{name}"], {"name": "a b\n'c'"}, ("echo", "a b\n'c'"), "one argument, whatever it holds"),
        (["echo", "{{name}}", "a{{"], {}, ("echo", "{name}", "a{"), "braces"),
        (["echo", "{name}"], {"name": "{days}"}, ("echo", "{days}"), "a value is not read again"),
        (["echo", "{name}{other}"], {"name": "a", "other": "-b"}, ("echo", "a-b"), "two in one argument"),
        (["echo", "{free}"], {"free": "-x"}, ("echo", "-x"), "allowed by the job"),
        (["echo", "{days}"], {"days": "-5"}, ("echo", "-5"), "a typed number is no option"),
        (["echo", "{name}"], {"name": ""}, ("echo", ""), "an empty argument is an argument"),
        (["echo", ""], {}, ("echo", ""), "so is one in the file"),
    ],
)
def test_a_command_becomes_arguments(command, values, argv, reason):
    assert render_argv(command, values, PARAMETERS) == argv, reason


@pytest.mark.parametrize(
    ("command", "values", "message", "reason"),
    [
        (["echo", "{name}"], {"name": "-rf"}, "could be taken for an option", "a leading dash"),
        (["echo", "{name}{other}"], {"name": "", "other": "-rf"}, "for an option", "after an empty value"),
        (["echo", "{free}{name}"], {"free": "", "name": "-rf"}, "for an option", "one of the two may not"),
        (["{name}"], {"name": "rm"}, "program itself", "the program is fixed"),
        (["echo", "{nmae}"], {}, 'did you mean "name"', "no such parameter"),
        (["echo", "{}"], {}, "no parameter", "no name"),
        (["echo", "{name"], {}, 'a single "{"', "not closed"),
        (["echo", "name}"], {}, 'a single "}"', "not opened"),
        (["echo", "{name}"], {}, "has no value", "not bound"),
        ([], {}, "empty", "nothing to run"),
        ([""], {}, "empty", "no program"),
        (["echo", "a\0b"], {}, "no command line", "NUL in the file"),
    ],
)
def test_a_command_that_cannot_be_is_refused(command, values, message, reason):
    with pytest.raises(ParametersRefused, match=message.replace("{", r"\{").replace("}", r"\}")):
        render_argv(command, values, PARAMETERS)


def test_a_command_is_checked_without_values():
    assert command_problems(["rotate", "{dyas}", "{x"], PARAMETERS) == [
        'argument 2: there is no parameter "dyas"; did you mean "days"?',
        'argument 3: a single "{"; write "{{" for a brace',
    ]
    assert command_problems(["rotate", "{days}"], PARAMETERS) == []


sendable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(sendable)
def test_any_text_is_exactly_one_argument(value):
    values = bind({"name": FREE}, {"name": value})
    assert render_argv(["run", "{name}", "--n={name}", "end"], values, {"name": FREE}) == (
        "run",
        value,
        f"--n={value}",
        "end",
    )


@given(sendable, sendable)
def test_no_value_begins_an_option_unless_it_may(one, other):
    try:
        argv = render_argv(["run", "{name}{other}"], {"name": one, "other": other}, PARAMETERS)
    except ParametersRefused:
        assert (one + other).startswith("-")
    else:
        assert argv == ("run", one + other)
        assert not argv[1].startswith("-")


@given(st.lists(st.text("{}ab-", max_size=6), min_size=1, max_size=4))
def test_every_template_is_rendered_or_refused(command):
    parameters = {"a": TEXT, "b": FREE}
    try:
        argv = render_argv(command, {"a": "x", "b": "-y"}, parameters)
    except ParametersRefused as refused:
        assert refused.problems
    else:
        assert len(argv) == len(command)


@pytest.mark.parametrize(
    ("fields", "key", "reason"),
    [
        ({"type": T.CHOICE}, "choices", "no choices"),
        ({"choices": ("a",)}, "choices", "choices of a text"),
        ({"type": T.INTEGER, "pattern": "x"}, "pattern", "a pattern of a number"),
        ({"pattern": "["}, "pattern", "half a pattern"),
        ({"type": T.DATE, "minimum": 1}, "minimum", "a smallest date"),
        ({"minimum": 5, "maximum": 1}, "minimum", "nothing between"),
        ({"default": "x", "required": True}, "required", "never asked for"),
        ({"type": T.INTEGER, "default": "x"}, "default", "a default that is no value"),
        ({"type": T.INTEGER, "default": 5, "maximum": 1}, "default", "a default out of range"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_at_its_key(fields, key, reason):
    with pytest.raises(FieldError) as refused:
        Parameter(**fields)
    assert refused.value.key == key, reason


def test_a_parameter_has_a_plain_name():
    assert name_problem("keep_days") is None
    assert "small letters" in name_problem("Keep-Days")
