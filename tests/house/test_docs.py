"""The pages say what is: links lead somewhere, commands exist, tables are the code's, the tutorial's blocks work.

Blocks that need a running engine are run by tests/drills/test_tutorial.py.
To bring the generated tables in step: WATCHBILL_WRITE_DOCS=1 pytest tests/house/test_docs.py
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from models.database import Database
from models.migrations import upgrade
from models.queries import journal
from models.rules.moves import TABLES
from models.rules.outcomes import exit_code
from models.settings import CHECKOUT
from models.site.loading import load_site
from models.site.starting import write_starter
from models.vocabulary import HostFault, Outcome
from tests.house.documents import (
    TABLE,
    blocks,
    command_paths,
    headings,
    links,
    missing_lines,
    pages,
    relative,
    with_tables,
    yaml_examples,
)

PAGES = pages()
TUTORIAL = CHECKOUT / "docs" / "tutorials" / "first-night.md"
REFERENCE = CHECKOUT / "docs" / "reference"
WHEN = {"install", "at once", "by hand", "starts up", "with up", "with host", "ends up"}
COMMAND = re.compile(r"(?<![\w./-])watchbill((?: [a-z][a-z-]*)+)")


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{relative(page)}: {target}: no such file"
        assert not anchor or anchor in headings(file), f"{relative(page)}: {target}: no such heading"


def test_every_page_that_a_message_or_a_comment_names_exists() -> None:
    rooms = ("flows", "tasks", "models", "desk", "deployments", "templates", "tests", "bench")
    files = [file for room in rooms for file in (CHECKOUT / room).rglob("*.*") if file.suffix in {".py", ".sh", ".txt"}]
    named = {page for file in files for page in re.findall(r"docs/[\w/-]+\.md", file.read_text(encoding="utf-8"))}
    assert "docs/how-to/restore-the-database.md" in named
    assert [page for page in named if not (CHECKOUT / page).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = command_paths()
    groups = {path for path in known if any(other[: len(path)] == path and len(other) > len(path) for other in known)}
    for code in _code(page.read_text(encoding="utf-8")):
        for found in COMMAND.finditer(code):
            words = tuple(found[1].split())
            path = next((words[:n] for n in (3, 2, 1) if words[:n] in known), None)
            assert path, f"{relative(page)}: `watchbill{found[1]}`"
            bare = path in groups and len(words) > len(path)
            assert not bare, f"{relative(page)}: `watchbill {' '.join(path)}` has no `{words[len(path)]}`"


def _code(text: str) -> list[str]:
    """What stands as code on a page: spans, fenced shell blocks, and indented lines that begin with the command."""
    spans = re.findall(r"`(watchbill [^`\n]+)`", text)
    fenced = re.findall(r"(?ms)^```(?:sh|ini)$(.*?)^```$", text)
    indented = re.findall(r"(?m)^    (?:\S*/)?(watchbill .*)$", text)
    return [re.sub(r"#.*", "", line) for block in (*spans, *fenced, *indented) for line in block.splitlines()]


def test_every_test_that_proves_a_promise_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (CHECKOUT / "README.md").read_text(encoding="utf-8")))
    sources = "\n".join(path.read_text() for path in (CHECKOUT / "tests").rglob("test_*.py"))
    assert len(named) > 10
    assert {name for name in named if f"def {name}(" not in sources} == set()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_page_names_a_folder_of_one_machine(page: Path) -> None:
    homes = re.findall(r"(?:/home|/Users|/root|/work)/\S+", page.read_text(encoding="utf-8"))
    assert [path for path in homes if not path.startswith("/home/watchbill")] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if TABLE.search(page.read_text(encoding="utf-8"))], ids=relative
)
def test_the_tables_of_moves_and_settings_are_the_codes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wanted = with_tables(text)
    if os.environ.get("WATCHBILL_WRITE_DOCS"):
        page.write_text(wanted, encoding="utf-8")
        text = wanted
    assert text == wanted


def test_every_table_of_moves_has_a_place() -> None:
    page = (REFERENCE / "architecture.md").read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- moves: (\w+) -->", page)) == set(TABLES)


def _rows(page: str, name: str) -> list[list[str]]:
    table = re.search(rf"(?ms)^<!-- {name} -->$(.*?)^<!-- end -->$", (REFERENCE / page).read_text(encoding="utf-8"))
    assert table
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].strip().splitlines()]
    return rows[2:]


def test_every_outcome_has_its_word_and_exit_code() -> None:
    rows = {row[0].strip("`"): row[1] for row in _rows("words.md", "outcomes")}
    assert rows == {outcome.value: str(exit_code(outcome)) for outcome in Outcome}


def test_every_fault_of_a_host_has_its_word() -> None:
    assert {row[0].strip("`") for row in _rows("words.md", "faults")} == {fault.value for fault in HostFault}


@pytest.mark.parametrize("page", [page for page in PAGES if yaml_examples(page)], ids=relative)
def test_the_examples_of_a_page_are_a_valid_site_together_with_the_starter(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ops"
    write_starter(folder, "Examples", "Europe/Berlin")
    yaml = YAML()
    for name, text in yaml_examples(page):
        whole = yaml.load(folder / name) if (folder / name).exists() else {}
        for section, entries in yaml.load(text).items():
            if isinstance(entries, list):
                whole[section] = [*whole.get(section, ()), *entries]
            elif isinstance(entries, dict):
                whole[section] = {**(whole.get(section) or {}), **entries}
            else:
                whole[section] = entries
        yaml.dump(whole, folder / name)
    load_site(folder)


def test_every_block_of_the_tutorial_says_when_it_is_run() -> None:
    assert [block.line for block in blocks(TUTORIAL) if block.when not in WHEN] == []


def test_the_tutorials_install_is_a_target_of_the_makefile() -> None:
    (install,) = [block for block in blocks(TUTORIAL) if block.when == "install"]
    (target,) = re.findall(r"(?m)^make (\w+)$", install.text)
    assert re.search(rf"(?m)^{target}:.*##", (CHECKOUT / "Makefile").read_text())


def test_the_tutorials_first_blocks_work_and_show_what_they_are_said_to(tmp_path: Path) -> None:
    """Those that need no engine and no host, in order, in one shell."""
    chosen = [block for block in blocks(TUTORIAL) if block.when == "at once"]
    assert len(chosen) >= 4
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    for name in ("WATCHBILL_HOME", "WATCHBILL_SITE", "WATCHBILL_DATABASE_URL"):
        environment.pop(name, None)
    script = "set -eu\n" + "".join(f"{block.text}echo '== {block.line}'\n" for block in chosen)
    done = subprocess.run(
        ["bash", "-c", script], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    # What is said and what is talked about come by two streams; a line may be in either.
    assert done.returncode == 0, done.stdout + done.stderr
    assert [f"== {block.line}" in done.stdout for block in chosen] == [True] * len(chosen)
    for block in chosen:
        assert missing_lines(block.shows, done.stdout + done.stderr) == [], f"line {block.line}"


def test_the_journal_can_be_verified_with_the_program_on_its_page(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(REFERENCE / "journal.md") if block.when == "verify by hand"]
    database = Database(f"sqlite:///{tmp_path / 'watchbill.db'}")
    upgrade(database)
    with database.write() as session:
        for number in range(5):
            journal.append(
                session, journal.Fact(tag="a:b:c", subject=f"run/{number}", actor="änn", reason="why \n not")
            )
    with database.read() as session:
        rows = list(journal.export(session))
        head = journal.verify(session).hash
    database.close()
    file = tmp_path / "journal.jsonl"

    def checked(lines: list[str]) -> str:
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", block.text, str(file)], check=False, capture_output=True, text=True, timeout=30
        )
        return (done.stdout + done.stderr).strip()

    assert checked(rows) == f"5 rows, head {head}"
    forged = json.loads(rows[2]) | {"actor": "somebody else"}
    assert checked([*rows[:2], json.dumps(forged, sort_keys=True, ensure_ascii=False), *rows[3:]]) == (
        "row 3 is not as it was written"
    )
    assert checked([*rows[:2], *rows[3:]]) == "row 3 is not as it was written"
