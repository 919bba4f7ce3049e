"""A worker that takes one restore point, for drills that kill it: `python -m tests.drills.restic_worker ...`."""

import sys
import time
from pathlib import Path

from models import clock
from tasks.tools.backup.restic import Repository, ResticEngine
from tasks.tools.backup.shapes import Advance, Label, Stream, Tree
from tests.drills.restic_lab import PASSWORD

PIECE = bytes(range(256)) * 1024
SLOW_PIECES = 40


def main() -> None:
    """Say `started`, then every progress, then the point's id."""
    program, folder, run, kind = sys.argv[1:]
    repository = Repository("drill", str(Path(folder, "repository")), PASSWORD, Path(folder, "state-drill"))
    engine = ResticEngine(repository, program)
    pieces = 0

    def slowly(_size: int) -> bytes:
        nonlocal pieces
        pieces += 1
        if pieces > SLOW_PIECES:
            _say("the source hangs")
            time.sleep(60)
        return PIECE

    def watch(advance: Advance) -> None:
        _say(f"progress {advance.bytes}")

    source: Tree | Stream = Tree((Path(folder, "source"),))
    if kind == "stream":
        source = Stream("dump", slowly, lambda: None)
    _say("started")
    taken = engine.take(source, Label("shop", run, "web1", clock.now()), None, watch)
    _say(f"taken {taken.point_id}")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
