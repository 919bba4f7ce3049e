"""The tutorial, block by block, in one shell: what a new user types, and what the page says they see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.processes import marked
from models.settings import CHECKOUT
from tests.house.documents import Block, blocks, missing_lines
from tests.servers import need

TUTORIAL = CHECKOUT / "docs" / "tutorials" / "first-night.md"
SECONDS = 270
PRELUDE = """
set -eu
end() { kill -INT "$UP" && wait "$UP" && cat up.log && rm up.log; }
trap 'kill -INT ${UP:-} 2>/dev/null && wait ${UP:-} || true' EXIT
"""
STARTS = """
: > up.log
watchbill up > up.log 2>&1 &
UP=$!
until grep -q '^ready' up.log; do kill -0 "$UP" || { cat up.log; exit 1; }; sleep 0.2; done
cat up.log
"""


def _as_script(block: Block) -> str:
    """A block as this test runs it; the second terminal is a job of the same shell."""
    if block.when == "install":
        return ""
    if block.when == "by hand":
        return 'cat ops/keys/ops.pub >> "$AUTHORIZED_KEYS"\n' if "ssh-copy-id" in block.text else ""
    if block.when == "ends up":
        return "end\n"
    if block.when == "starts up":
        assert block.text == "watchbill up\n"
        return STARTS
    return block.text


@pytest.mark.drill
@pytest.mark.timeout(300)
def test_a_new_user_gets_through_the_first_night(tmp_path: Path) -> None:
    need("sshd")
    steps = blocks(TUTORIAL)
    script = PRELUDE + "".join(f"{_as_script(step)}\necho '== {step.line}'\n" for step in steps)
    with Lab(tmp_path / "lab", ["web1"]) as lab:
        (host,) = lab.hosts
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("WATCHBILL", "PREFECT"))
        }
        environment |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
            "HOST": host.address,
            "PORT": str(host.port),
            "LOGIN": host.user,
            "AUTHORIZED_KEYS": str(lab.folder / "authorized_keys"),
            "TUTORIAL": str(tmp_path),
        }
        (tmp_path / "trial").mkdir()
        # Both streams as one, in the order in which a person sees them.
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            check=False,
            cwd=tmp_path / "trial",
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    assert done.returncode == 0, done.stdout
    assert marked(f"TUTORIAL={tmp_path}") == [], "Ctrl-C ends all of it"
    rest = done.stdout
    for step in steps:
        said, mark, rest = rest.partition(f"== {step.line}\n")
        assert mark, f"line {step.line}: {said}"
        assert missing_lines(step.shows, said) == [], f"line {step.line}: {said}"
