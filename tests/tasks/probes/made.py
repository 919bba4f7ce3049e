"""Probes for tests: of one kind, with what every probe needs."""

from typing import Any

from models.site.probes import Probe
from models.site.site import from_spec


def probe(name: str = "it", **keys: Any) -> Probe:
    """A probe as a site file would say it."""
    needed = {"name": name, "title": f"The {name}", "owner": "ops", "runbook": "Look."}
    made: Probe = from_spec("probe", needed | keys)
    return made
