"""What nobody may write here, and where the one exception lives."""

import ast
import re
import subprocess

from tests.house.sources import ROOT, SOURCES, name_of, nodes_of, text_of

CALLS = {
    "datetime.now": ("models/clock.py", "ask models.clock.now; rules are given `now`"),
    "datetime.utcnow": ("", "naive; ask models.clock.now"),
    "time.time": ("", "the wall clock jumps: deadlines use time.monotonic, times use models.clock.now"),
    "yaml.load": ("", "use models.site.reading"),
    "pickle.loads": ("", "stored data must not be code"),
    "os.system": ("", "no shell: a list of arguments"),
    "AutoAddPolicy": ("", "host keys are pinned"),
    "WarningPolicy": ("", "host keys are pinned"),
}
STATEFUL = re.compile(r"^(run|slot|step|record|point|incident|major|problem|candidate|known_error)\.(state|outcome)$")


def test_forbidden_calls() -> None:
    found = []
    for path in SOURCES:
        called = {ast.unparse(node.func) for node in nodes_of(path) if isinstance(node, ast.Call)}
        found += [
            f"{name_of(path)} calls {call}: {why}"
            for call, (home, why) in CALLS.items()
            if name_of(path) != home and any(name == call or name.endswith(f".{call}") for name in called)
        ]
    assert found == []


def test_nobody_assigns_a_state_outside_the_one_writer() -> None:
    found = []
    for path in SOURCES:
        targets = [
            ast.unparse(target)
            for node in nodes_of(path)
            if isinstance(node, ast.Assign | ast.AugAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ]
        found += [f"{name_of(path)} assigns {target}" for target in targets if STATEFUL.match(target)]
    assert found == [], "use models.queries.states.advance"


def test_only_the_ssh_tool_imports_paramiko() -> None:
    users = {
        name_of(path)
        for path in SOURCES
        for node in nodes_of(path)
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "paramiko" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "paramiko")
    }
    assert users
    assert {user.rsplit("/", 1)[0] for user in users} == {"tasks/tools/ssh"}


def test_only_the_task_layer_makes_prefect_tasks() -> None:
    """A task made elsewhere would run without its row in task_log."""
    makers = {
        name_of(path)
        for path in SOURCES
        for node in nodes_of(path)
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("prefect")
            and any(name.name in ("task", "Task") for name in node.names)
        )
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in ("prefect.Task", "prefect.task"))
    }
    assert makers == {"tasks/ledger.py"}


def test_no_committed_line_names_a_registry_or_a_path_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pattern = re.compile(
        "|".join(["python" + "hosted", "pypi" + r"\.org", "registry" + r"\.npm", re.escape(f"{ROOT}/")])
    )
    found = []
    for name in listed.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".yaml", ".lock", ".sh", ".txt", ""}:
            found += [
                f"{name}: {line[:80]}" for line in path.read_text(errors="replace").splitlines() if pattern.search(line)
            ]
    assert found == []


def test_no_todo_without_an_issue() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!.*#\d)")
    found = [
        f"{name_of(path)}: {line.strip()}"
        for path in SOURCES
        for line in text_of(path).splitlines()
        if marks.search(line)
    ]
    assert found == []
