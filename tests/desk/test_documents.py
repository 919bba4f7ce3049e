"""The reference pages say what the command line has, and nothing that it has not."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from cyclopts import App
from cyclopts.argument import Argument

from desk.cli.exit_codes import MEANINGS
from desk.cli.tree import app
from models.settings import CHECKOUT

COMMANDS = (CHECKOUT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
EXIT_CODES = (CHECKOUT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
COMMON = {"--json", "--site", "--home", "--as", "--no-color", "--help", "--version"}
OF_LISTS = {"-q", "--quiet"}


def commands(group: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, App]]:
    """Every command with the words that call it."""
    for name in group:
        if name.startswith("-"):
            continue
        child = group[name]
        if child.default_command is None:
            yield from commands(child, (*path, name))
        else:
            yield " ".join((*path, name)), child


ALL = dict(commands(app))
LISTS = (" list", "event sources", "problem candidates", "approval delegations")


def sections() -> dict[str, str]:
    """The parts of the page by command; one about `incident take|hold` is about both."""
    found: dict[str, str] = {}
    for part in re.findall(r"(?ms)^### `watchbill .*?(?=^##|\Z)", COMMANDS):
        words = part.partition("`")[2].partition("`")[0].split()[1:]
        path = [word for word in words if re.fullmatch(r"[a-z][a-z|-]*", word)]
        for names in product(*(word.split("|") for word in path)):
            found[" ".join(names)] = part
    return found


def section(command: str) -> str:
    """The part of the page about one command."""
    return sections().get(command, "")


def arguments(command: App) -> list[Argument]:
    """What can be given to the command; a group of options (`*`) is none itself."""
    with app.app_stack([app, command]):
        return [argument for argument in command.assemble_argument_collection() if argument.name != "*"]


def options(command: App) -> set[str]:
    """What is said of the command itself: not the options of all commands, or of all that list."""
    return {name for argument in arguments(command) for name in argument.names} - COMMON - OF_LISTS


def test_there_are_commands_to_compare() -> None:
    assert {"job run", "doctor", "up", "report render"} <= set(ALL)


@pytest.mark.parametrize("command", ALL)
def test_every_command_is_in_the_reference_with_its_options(command: str) -> None:
    text = section(command)
    assert text, f"docs/reference/commands.md has no section about `watchbill {command}`"
    child = ALL[command]
    for option in options(child):
        if option.startswith("-"):
            assert f"`{option}" in text, f"{command}: {option}"


def test_the_reference_has_no_command_that_is_gone() -> None:
    assert sorted(sections()) == sorted(ALL)


@pytest.mark.parametrize("command", ALL)
def test_every_command_has_help_of_one_sentence_and_the_common_options(command: str) -> None:
    child = ALL[command]
    assert child.help
    names = {name for argument in arguments(child) for name in argument.names}
    assert {"--json", "--site", "--home", "--as", "--no-color"} <= names
    assert (names >= OF_LISTS) == command.endswith(LISTS), "each command that lists things, and no other"
    for argument in arguments(child):
        assert argument.parameter.help, f"{command}: {argument.name} has no words"


def test_the_exit_codes_are_described_word_for_word() -> None:
    rows = dict(re.findall(r"(?m)^\| (\d+) \| (.*) \|$", EXIT_CODES))
    assert rows == {str(code): meaning for code, meaning in MEANINGS.items()}
