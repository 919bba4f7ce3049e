"""Chooses the kind of each file, runs its cases, counts. Kinds grow with the practices that need them."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance import alerts, cron, flapping, retention, sla
from tests.conformance.cases import Case, VectorError

KINDS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Case]]] = {
    "alerts": alerts.run,
    "cron": cron.run,
    "flapping": flapping.run,
    "retention": retention.run,
    "sla": sla.run,
}


def run_file(path: Path) -> Iterator[Case]:
    """Every case of a file. Raises VectorError for a file, kind or field that is not known."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VectorError(f"{path}: {error}") from error
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind not in KINDS:
        raise VectorError(f"{path}: unknown kind {kind!r}; known: {', '.join(KINDS)}")
    yield from KINDS[kind](document)


def main(arguments: Sequence[str]) -> int:
    """Prints each failing case and, last, `N passed, N failed`; 0 when all passed, 1 when not, 2 for misuse."""
    if not arguments:
        print("usage: python -m tests.conformance FILE...", file=sys.stderr)
        return 2
    passed = failed = 0
    for name in arguments:
        try:
            for case in run_file(Path(name)):
                passed += case.fault is None
                failed += case.fault is not None
                if case.fault is not None:
                    print(f"FAILED {name} {case.name}: {case.fault}")
        except VectorError as error:
            failed += 1
            print(f"ERROR {name}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
