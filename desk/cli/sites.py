"""init, check, schema, plan: the site's files."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, heading
from desk.services import sites
from models import clock
from models.errors import SiteError
from models.rules.wall_clock import zone_of

Folder = Annotated[Path | None, Parameter(help="The site folder; default: --site.")]
KINDS = ("job", "host", "service", "calendar", "team", "person")
ALWAYS_COUNTED = ("job", "host")
SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}
SHOWN = 6
ZONE_NAME, ZONE_LINK = Path("/etc/timezone"), Path("/etc/localtime")
PLAIN_UTC = {f"{area}{name}" for area in ("", "Etc/") for name in ("UTC", "UCT", "Universal", "Zulu")}
"""Names that machines have for what people call UTC."""


def init(
    folder: Annotated[Path, Parameter(name="DIR", help="The new folder; it must be empty or not exist.")],
    /,
    *,
    title: Annotated[str, Parameter(help="What people call the site.")] = "Our operations",
    timezone: Annotated[str | None, Parameter(help="Its time zone; default: this machine's.")] = None,
    common: Common = COMMON,
) -> int:
    """Write a new site folder: commented, valid as it is."""
    files = sites.write_starter(folder, title, timezone or machine_zone())
    screen = common.screen()
    if common.json:
        screen.json({"folder": folder, "files": files})
        return 0
    for file in files:
        screen.show(str(file))
    screen.next(f"edit {folder / 'jobs.yaml'}, then `watchbill check {folder}` and `watchbill up {folder}`")
    return 0


def check(folder: Folder = None, /, *, common: Common = COMMON) -> int:
    """Validate a site: every fault with file, line and column, what is wrong and what is allowed."""
    screen, place = common.screen(), folder or common.settings().site
    try:
        found = sites.check(place)
    except SiteError as error:
        if not common.json:
            raise
        screen.json({"ok": False, "folder": place, "faults": error.places})
        return error.exit_code
    if common.json:
        screen.json({"ok": True, "faults": [], **vars(found)})
        return 0
    kinds = [kind for kind in KINDS if found.counts.get(kind) or kind in ALWAYS_COUNTED]
    counts = ", ".join(_several(found.counts.get(kind, 0), kind) for kind in kinds)
    screen.show(Text.assemble(("ok: ", "green"), counts))
    for words in found.surprises:
        screen.warn(words)
    screen.next(f"`watchbill plan {place}` shows what would change")
    return 0


def schema(
    folder: Folder = None,
    /,
    *,
    show: Annotated[bool, Parameter(name="--print", help="Print them instead of writing files.")] = False,
    common: Common = COMMON,
) -> int:
    """Write the JSON Schemas of the site files to DIR/.watchbill, where editors find them."""
    screen, place = common.screen(), folder or common.settings().site
    if show:
        screen.json(sites.schemas())
        return 0
    if not place.is_dir():
        raise SiteError([sites.missing(place)])
    files = sites.write_schemas(place)
    if common.json:
        screen.json({"folder": place, "files": files})
        return 0
    for file in files:
        screen.show(str(file))
    return 0


def plan(folder: Folder = None, /, *, common: Common = COMMON) -> int:
    """Show what `up` would change in the register, in the slots of the next 48 hours, and in Prefect."""
    settings, screen = common.settings(), common.screen()
    found = sites.plan(folder or settings.site, settings, clock.now())
    if common.json:
        screen.json(found)
    else:
        _show_plan(screen, found)
    return 0


def _show_plan(screen: Screen, found: sites.SitePlan) -> None:
    # These load the database's libraries, which `check` does without.
    from desk.cli.words import Clock, event_wait  # noqa: PLC0415

    times = Clock(found.timezone, clock.now())
    for title, changes in (("Register", found.register), ("Prefect", found.prefect)):
        screen.show(heading(title))
        if isinstance(changes, str):
            screen.show(f"  {changes}")
            continue
        rows = [(verb, name) for verb in SIGNS for name in getattr(changes, verb)]
        for verb, name in rows:
            sign, colour = SIGNS[verb]
            screen.show(Text.assemble(("  "), (f"{sign} {name}", colour)))
        if not rows:
            screen.show("  nothing changes")
    screen.show(heading(f"Slots of the next 48 hours ({found.timezone})"))
    for change in found.slots:
        wait = f"  (each waits for {event_wait(change.waits_for_event)})" if change.waits_for_event else ""
        for sign, colour, dues in (("+", "green", change.appear), ("-", "red", change.vanish)):
            if dues:
                more = f" and {len(dues) - SHOWN} more" if len(dues) > SHOWN else ""
                shown = ", ".join(times.when(due) for due in dues[:SHOWN])
                waits = wait if sign == "+" else ""
                screen.show(Text.assemble(("  "), (f"{sign} {change.job}", colour), f"  {shown}{more}{waits}"))
    if not found.slots:
        screen.show("  nothing changes")
    screen.say("")
    if found.is_first:
        screen.say("There is no database yet: everything is new.")
    if found:
        screen.next("`watchbill up` applies it")


def _several(number: int, kind: str) -> str:
    plural = {"person": "people"}.get(kind, f"{kind}s")
    return f"{number} {kind if number == 1 else plural}"


def machine_zone() -> str:
    """The IANA name of this machine's time zone; UTC where it has none that can be found."""
    named = ZONE_NAME.read_text(encoding="utf-8").strip() if ZONE_NAME.is_file() else ""
    linked = str(ZONE_LINK.resolve()).partition("zoneinfo/")[2]
    for name in filter(None, (os.environ.get("TZ", "").lstrip(":"), named, linked)):
        try:
            zone = zone_of(name).key
        except ValueError:
            continue
        return "UTC" if zone in PLAIN_UTC else zone
    return "UTC"
