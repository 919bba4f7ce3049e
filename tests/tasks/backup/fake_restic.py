"""A restic that answers what a real one was heard to answer, and writes down how it was called."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = """#!{python} -I
import json, os, pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: os._exit(130))
folder = pathlib.Path({folder!r})
words = [word for word in sys.argv[1:] if not word.startswith("-")]
answers = json.loads((folder / "answers.json").read_text())
name = next((word for word in words if word in answers), words[0] if words else "")
calls = folder / "calls.jsonl"
earlier = [json.loads(line)["name"] for line in calls.read_text().splitlines()] if calls.exists() else []
queue = answers.get(name, [dict(code=99, error="the fake has no answer to " + name)])
answer = queue[min(earlier.count(name), len(queue) - 1)]
got = None
if answer.get("reads"):
    got = len(sys.stdin.buffer.read())
with calls.open("a") as file:
    file.write(json.dumps(dict(name=name, argv=sys.argv[1:], environment=dict(os.environ), got=got)) + "\\n")
sys.stdout.write(answer.get("output", ""))
sys.stdout.flush()
sys.stderr.write(answer.get("error", ""))
sys.stderr.flush()
time.sleep(answer.get("seconds", 0))
sys.exit(answer.get("code", 0))
"""


@dataclass
class FakeRestic:
    """A program that plays restic: for each command a queue of answers, the last one for ever."""

    folder: Path
    version: str = "0.14.0"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self.answer("version", f"restic {self.version} compiled with go1.19.8 on linux/amd64\n")
        self.program = self.folder / "restic"
        self.program.write_text(SCRIPT.format(python=sys.executable, folder=str(self.folder)))
        self.program.chmod(0o755)

    def answer(self, command: str, output: str = "", error: str = "", code: int = 0, **more: Any) -> None:
        """Queue an answer to a command."""
        said = {"output": output, "error": error, "code": code, **more}
        self._answers.setdefault(command, []).append(said)
        (self.folder / "answers.json").write_text(json.dumps(self._answers))

    def calls(self, command: str | None = None) -> list[dict[str, Any]]:
        """How it was called, without `version`."""
        path = self.folder / "calls.jsonl"
        found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [call for call in found if call["name"] != "version" and command in (None, call["name"])]
