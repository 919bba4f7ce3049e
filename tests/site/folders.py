"""Site folders for tests: a small valid one, and what the check says about a changed one."""

from pathlib import Path

from models.errors import SiteError
from models.site.loading import load_site

SMALL = {
    "site.yaml": "name: ops\ntitle: Operations\ntimezone: Europe/Berlin\n",
    "people.yaml": "teams:\n  web-team: {title: Web team}\npeople:\n  anna: {name: Anna Berg, teams: [web-team]}\n",
    "services.yaml": (
        "services:\n  shop: {title: Shop, owner: web-team}\n"
        "hosts:\n  web1: {address: 10.0.0.1, tags: [web]}\n  web2: {address: 10.0.0.2, tags: [web]}\n"
    ),
    "calendars.yaml": 'calendars:\n  office:\n    hours: {mon-fri: ["08:00-18:00"]}\n',
    "scripts/tidy.sh": "#!/bin/sh\necho tidy\n",
}

JOB = "jobs:\n  tidy:\n    title: Tidy\n    owner: web-team\n    runbook: Try again.\n"
"""The first five lines of a job file; a test writes the rest, from line 6 on."""


def write_site(folder: Path, files: dict[str, str | bytes]) -> Path:
    """The small site with some files replaced or added."""
    for name, content in {**SMALL, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def complaints(folder: Path) -> list[str]:
    """Everything the check says, with file names relative to the folder; nothing for a valid site."""
    try:
        load_site(folder)
    except SiteError as error:
        return [str(place).removeprefix(f"{folder}/") for place in error.places]
    return []
