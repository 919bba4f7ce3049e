"""`make bench`: every figure, side by side with its peers in one run, printed and written to bench/results/."""

import json
import os
import platform
from pathlib import Path

from bench import (
    archive_engine,
    clocks,
    fan_out,
    import_tickets,
    ingest,
    ledger,
    restic_engine,
    start,
    storm,
    suggestions,
    text_groups,
    transfer,
    trigger,
)
from models import clock

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure everything, one after the other; each part prints its ratios as soon as it has them."""
    parts = {
        "trigger": lambda: trigger.measure(20),
        "fan-out": lambda: fan_out.measure(3),
        "ledger": ledger.measure,
        "start": start.measure,
        "transfer": transfer.measure,
        "restic": restic_engine.measure,
        "archive": archive_engine.measure,
        "clocks": clocks.measure,
        "ingest": ingest.measure,
        "storm": storm.measure,
        "import of tickets": import_tickets.measure,
        "suggestions": suggestions.measure,
        "text groups": text_groups.measure,
    }
    found: dict[str, object] = {
        "at": clock.now().isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    for name, measure in parts.items():
        found[name] = measure()
        print(f"{name}: {json.dumps(found[name], indent=2)}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{clock.now():%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
