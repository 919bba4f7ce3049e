"""up, planner, relay, worker, desk, events, demo: start the engine, whole or in parts. Its modules load when called."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen
from desk.services.engine import lazily
from models import clock
from models.errors import WatchbillError

READY_SECONDS = 120.0
Folder = Annotated[Path | None, Parameter(name="DIR", help="Folder of the site's files; default: --site.")]


def up(folder: Folder = None, /, *, common: Common = COMMON) -> int:
    """Make the database and the register what the site says; start everything, unless it runs already."""
    if folder is not None:
        common = replace(common, site=folder)
    settings, screen = common.settings(), common.screen()
    applied = lazily("deployments.engine.up", "apply_site")(settings, common.who(), clock.now())
    changes = applied.changes
    counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed"
    screen.say(f"database: {'made or upgraded' if applied.upgraded else 'ready'} ({settings.home})")
    screen.say(f"register: {counts} ({settings.site})")
    note = lazily("deployments.engine.status_file", "StatusFile")(settings.home / "up.json").read()
    if note is not None:
        screen.say(
            f"the engine of this home runs already (process {note['supervisor']['pid']}); it takes up the changes"
        )
        return 0
    children = lazily("deployments.engine.up", "children")(settings)
    supervisor = lazily("deployments.engine.supervisor", "Supervisor")(settings.home, children, screen.say)
    threading.Thread(target=_say_when_ready, args=(supervisor.wait_ready, screen), daemon=True).start()
    status: int = supervisor.run()
    screen.say("everything has ended")
    return status


def _say_when_ready(wait_ready: Callable[[float], None], screen: Screen) -> None:
    try:
        wait_ready(READY_SECONDS)
    except WatchbillError:
        return  # `run` says it
    screen.say("ready")
    screen.next("`watchbill job list` in another terminal; Ctrl-C here ends everything")


def planner(*, common: Common = COMMON) -> int:
    """Write the expected runs ahead and start those that are due."""
    return _part("planner", common)


def relay(*, common: Common = COMMON) -> int:
    """Hand wanted runs over to Prefect."""
    return _part("relay", common)


def worker(*, common: Common = COMMON) -> int:
    """Carry out runs."""
    return _part("worker", common)


def desk(*, common: Common = COMMON) -> int:
    """Take events over HTTP."""
    return _part("desk", common)


def events(*, common: Common = COMMON) -> int:
    """Make alerts and incidents of what senders sent, and look at what is due."""
    return _part("events", common)


def _part(name: str, common: Common) -> int:
    lazily("deployments.engine.parts", "become")(name, common.settings())
    return 0


def demo(
    *,
    keep: Annotated[bool, Parameter(help="Leave everything running at the end; Ctrl-C ends it.")] = False,
    common: Common = COMMON,
) -> int:
    """One night of routine jobs on this machine, with real parts: eight SSH hosts, Prefect, reports."""
    tell: int = lazily("deployments.demo.show", "run_demo")(common.screen(), common.home, keep=keep)
    return tell
