"""The pages as a test reads them: links, commands, shell blocks with their marks, and tables made from the code."""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cyclopts import App
from cyclopts.command_spec import CommandSpec

from desk.cli.tree import ENGINE, app
from models.rules.moves import TABLES
from models.settings import CHECKOUT, Settings

MARK = re.compile(r"^<!-- run: (?P<when>[a-z ]+) -->$")
FENCE = re.compile(r"^```(?P<kind>[a-z]*)$")
TABLE = re.compile(r"<!-- (?P<name>settings|moves: [a-z_]+) -->\n.*?<!-- end -->", re.DOTALL)
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<picture>[^)\s]+)\)")


def pages() -> list[Path]:
    """Every page that is kept in git, or is about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [CHECKOUT / name for name in listed.splitlines() if (CHECKOUT / name).is_file()]


def relative(path: Path) -> str:
    """The page as people name it."""
    return path.relative_to(CHECKOUT).as_posix()


def links(page: Path) -> Iterator[str]:
    """Every link of a page, pictures too; not those inside code."""
    text = re.sub(r"(?ms)^```.*?^```$|^    .*?$|`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        yield found["target"] or found["picture"]


def headings(page: Path) -> set[str]:
    """The anchors that a forge makes of a page's headings."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"(?m)^#+ (.*)$", text)
    }


@dataclass
class Block:
    """A fenced block: when it is run (as marked), what it says, and what it is said to show."""

    when: str
    kind: str
    text: str
    line: int
    shows: str = ""


def blocks(page: Path) -> list[Block]:
    """The shell blocks of a page in order, each with the text blocks that follow it, and marks without a block."""
    found: list[Block] = []
    when, lines = "", iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if mark := MARK.match(line):
            when = mark["when"]
        elif fence := FENCE.match(line):
            text = "".join(f"{inner}\n" for inner in _until_fence(lines))
            if fence["kind"] == "text" and not when and found:
                found[-1].shows += text
            else:
                shows = text if fence["kind"] == "text" else ""
                found.append(Block(when, fence["kind"], "" if shows else text, number, shows))
            when = ""
    return found


def _until_fence(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        if line == "```":
            return
        yield line


def yaml_examples(page: Path) -> list[tuple[str, str]]:
    """Each YAML block of a page: the site file that its first line names, and its text."""
    found = re.findall(r"(?ms)^( *)```yaml\n(.*?)^\1```$", page.read_text(encoding="utf-8"))
    examples = [textwrap.dedent(text) for _, text in found]
    return [(text.partition("\n")[0].removeprefix("# "), text) for text in examples]


def without_figures(text: str) -> str:
    """A line as it can be compared: numbers, folders and gaps differ from machine to machine."""
    return re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?", "0", text)).strip()


def missing_lines(shows: str, said: str) -> list[str]:
    """The lines that a block is said to show and did not."""
    found = without_figures(said)
    return [line for line in shows.splitlines() if line.strip() and without_figures(line) not in found]


def command_paths(group: App = app, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The words of every command and group; the engine's own are not loaded."""
    found: set[tuple[str, ...]] = set()
    for name in group:
        if name.startswith("-"):
            continue
        words = (*path, name)
        found.add(words)
        spec = group._commands[name]
        if not (isinstance(spec, CommandSpec) and spec.import_path.startswith(ENGINE)):
            child = group[name]
            if child.default_command is None:
                found |= command_paths(child, words)
    return found


def with_tables(page: str) -> str:
    """The page with each generated table made anew."""
    return TABLE.sub(lambda found: f"<!-- {found['name']} -->\n{_table(found['name'])}<!-- end -->", page)


def _table(name: str) -> str:
    if name == "settings":
        return _settings_table()
    lines = ["| from | action | to | who |", "|---|---|---|---|"]
    lines += [
        f"| {move.source.value} | {move.action} | {move.target.value} | {', '.join(move.roles)} |"
        for move in TABLES[name.removeprefix("moves: ")]
    ]
    return "\n".join(lines) + "\n"


def _settings_table() -> str:
    lines = ["| variable | meaning | default |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        words, _, default = (field.description or "").rstrip(".").partition("; default: ")
        if not default:
            default = _shown(field.default) if field.default is not None else "-"
        lines.append(f"| `WATCHBILL_{name.upper()}` | {words}. | {default} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    """A default without the path of this machine."""
    if isinstance(value, Path) and value.is_absolute() and value.is_relative_to(CHECKOUT):
        return f"`{relative(value)}` in the checkout"
    return f"`{value}`"
