"""The command as people call it: its own process, with and without a terminal."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.settings import CHECKOUT
from tests.desk.conftest import real_watchbill
from tests.desk.small_site import apply_site

HEAVY = ("prefect", "paramiko", "numpy", "pandas", "alembic", "fastapi", "asyncssh")


def test_help_lists_every_group_with_one_line_a_command() -> None:
    said = real_watchbill("--help")
    assert (said.code, said.err) == (0, "")
    for word in ("job", "host", "report", "doctor", "plan", "up", "worker"):
        assert re.search(rf"(?m)^  {word} +\S", said.out), word


def test_no_words_at_all_is_help() -> None:
    assert real_watchbill().out == real_watchbill("--help").out


def test_the_version_is_one_line() -> None:
    assert re.fullmatch(r"watchbill \d+\.\d+\.\d+\n", real_watchbill("--version").out)


def test_a_word_that_is_no_command_gets_a_hint_and_exit_code_2() -> None:
    said = real_watchbill("job", "lst")
    assert said.code == 2
    assert 'did you mean "list"' in said.err


@pytest.mark.parametrize("words", [("--help",), ("job", "list"), ("job", "run", "x", "--dry-run"), ("check",)])
def test_simple_commands_load_nothing_heavy(words: tuple[str, ...], surroundings: dict[str, str]) -> None:
    """Prefect alone costs two seconds; a person at a prompt should not pay for it."""
    code = (
        "import sys; from desk.cli.entry import run; run(sys.argv[1:]);"
        f"sys.stdout.write(repr(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=CHECKOUT, timeout=60
    )
    assert done.stdout.endswith("[]"), done.stdout[-200:]


def test_the_list_of_jobs_does_not_wait_for_the_holidays_of_all_countries(
    harbour: Database, site_folder: Path, surroundings: dict[str, str]
) -> None:
    with (site_folder / "calendars.yaml").open("a") as file:
        file.write('  office: {hours: {mon-fri: ["08:00-18:00"]}, holidays: [DE/BE]}\n')
    apply_site(harbour, site_folder, clock.now())
    code = (
        "import sys; from desk.cli.entry import run; assert run(sys.argv[1:]) == 0;"
        "sys.exit([name for name in sys.modules if name.startswith('holidays')])"
    )
    command = [sys.executable, "-c", code, "job", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=60)
    assert (done.returncode, done.stderr) == (1, "[]\n"), done.stderr[-200:]


def test_a_reader_that_goes_away_is_no_error(harbour: object, surroundings: dict[str, str]) -> None:
    code = "from desk.cli import main; main()"
    command = [sys.executable, "-c", code, "journal", "export"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, cwd=CHECKOUT, timeout=60)
    os.close(writing)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


def on_a_terminal(*words: str, environment: dict[str, str]) -> str:
    """What a person sees at a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from desk.cli import main; main()", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=CHECKOUT,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65_536):
            seen += chunk
    except OSError:
        pass  # the other end was closed: the command has ended
    process.wait(timeout=60)
    os.close(ours)
    return seen.decode()


def test_a_terminal_sees_colours_and_no_line_is_too_long(harbour: object, surroundings: dict[str, str]) -> None:
    seen = on_a_terminal("job", "list", environment={})
    assert "\x1b[" in seen
    bare = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert all(len(line) <= 100 for line in bare.splitlines())
    assert "rotate-logs" in bare


@pytest.mark.parametrize(
    ("words", "environment"), [((), {"NO_COLOR": "1"}), (("--no-color",), {})], ids=["NO_COLOR", "--no-color"]
)
def test_colours_can_be_switched_off(
    harbour: object, surroundings: dict[str, str], words: tuple[str, ...], environment: dict[str, str]
) -> None:
    assert "\x1b[" not in on_a_terminal("job", "list", *words, environment=environment)


def test_a_required_parameter_is_asked_for_at_a_terminal(harbour: object, surroundings: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from desk.cli import main; main()", "job", "run", "restore-file", "--dry-run"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=CHECKOUT,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "100"},
    )
    os.close(theirs)
    seen = b""
    while b"path" not in seen:
        seen += os.read(ours, 65_536)
    os.write(ours, b"/srv/ledger.txt\n")
    try:
        while chunk := os.read(ours, 65_536):
            seen += chunk
    except OSError:
        pass  # the other end was closed: the command has ended
    process.wait(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert "Which file" in seen.decode()
    assert "restore /srv/ledger.txt" in seen.decode()


def test_completion_is_written_for_the_shell(tmp_path: Path) -> None:
    said = real_watchbill("completion", "install", "--shell", "fish", environment={"HOME": str(tmp_path)})
    assert said.code == 0, said.err
    (file,) = tmp_path.rglob("watchbill.fish")
    assert "rotate" not in file.read_text()
    assert "forecast" in file.read_text()
