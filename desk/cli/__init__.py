"""The command line: it parses and prints; what is done, the services do."""

import gc
import sys


def main() -> None:
    """What the console script calls."""
    gc.set_threshold(500_000)  # a start allocates much and frees nothing: looking through it is a fifth of the time
    from desk.cli.entry import run  # noqa: PLC0415 - loaded after the line above

    code = run(sys.argv[1:])
    gc.freeze()  # the interpreter's end would look through everything once more, for another fifth
    sys.exit(code)
