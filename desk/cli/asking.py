"""The form of a job at a terminal: asks for required parameters that were not given. Never where nobody can answer."""

import sys
from collections.abc import Mapping

from rich.text import Text

from desk.cli.screen import Screen
from desk.cli.words import line
from models.rules.parameters import Parameter, ParameterType, value_of

EXAMPLES = {
    ParameterType.INTEGER: "a whole number",
    ParameterType.NUMBER: "a number",
    ParameterType.BOOLEAN: "yes or no",
    ParameterType.DATE: "a date such as 2026-12-24",
}


def ask_for_missing(screen: Screen, parameters: Mapping[str, Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """What was given, and what a person at the terminal answered; asked again until it can be used."""
    answers = dict(given)
    if screen.as_json or not (sys.stdin.isatty() and screen.talk.is_terminal):
        return answers
    for name, parameter in parameters.items():
        if parameter.required and name not in answers:
            answers[name] = _asked(screen, name, parameter)
    return answers


def _asked(screen: Screen, name: str, parameter: Parameter) -> str:
    allowed = ", ".join(parameter.choices) or EXAMPLES.get(parameter.type, "")
    if parameter.description:
        screen.say(line(parameter.description, "dim"))
    while True:
        text = screen.talk.input(Text.assemble((name, "bold"), f" ({allowed}): " if allowed else ": "))
        try:
            return value_of(parameter, text)
        except ValueError as error:
            screen.warn(str(error))
