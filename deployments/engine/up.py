"""`watchbill up`: bring the database and the register to what the site says, then keep the engine running."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from deployments.engine.prefect_environment import (
    QUIET,
    check_versions,
    engine_environment,
    foreign_environment,
    without_prefect,
)
from deployments.engine.prefect_server import chosen_port, is_healthy, known_port, prepare_database, server_command
from deployments.engine.supervisor import Child
from deployments.engine.wake import wake
from models import clock, migrations
from models.database import Database
from models.queries import heartbeats, register
from models.queries.register import Changes
from models.settings import WARM, Settings
from models.site.loading import load_site

FRESH_SECONDS = 15


@dataclass(frozen=True)
class Applied:
    """What `up` did before it started anything."""

    upgraded: bool
    changes: Changes


def apply_site(settings: Settings, person: str, now: datetime) -> Applied:
    """Make or mend the database, check the whole site, then write it to the register: all of it or nothing.

    Raises SiteError with every fault of the site, DatabaseError when the database cannot be used.
    """
    site = load_site(settings.site)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.url())
    try:
        upgraded = migrations.upgrade(database)
        with database.write() as session:
            changes = register.apply(session, site.entries(), person, now)
    finally:
        database.close()
    return Applied(upgraded, changes)


def children(settings: Settings) -> list[Child]:
    """The processes of one machine: Prefect's server (unless another is configured) and our own parts."""
    check_versions()
    ours = part_environment(settings)
    bare = {**bare_environment(), **ours}
    desk = Child("desk", part("desk"), bare, alive("desk", settings))
    events = Child("events", part("events"), bare, alive("events", settings))
    planner = Child("planner", part("planner"), bare, alive("planner", settings))
    server: list[Child] = []
    needs: tuple[str, ...] = ()
    if settings.prefect_api_url:
        environment = foreign_environment(settings.home, settings.prefect_api_url)
    else:
        port = chosen_port(settings.home)
        environment = engine_environment(settings.home, port=port)
        prepare_database(settings.home)
        server = [Child("prefect", server_command(port), environment, lambda: is_healthy(port))]
        needs = ("prefect",)
    relay = Child("relay", part("relay"), {**environment, **ours}, alive("relay", settings), needs)
    works = worker_listens(settings) if settings.work_pool_type == WARM else alive("worker", settings)
    worker = Child("worker", part("worker"), {**environment, **ours}, works, needs)
    return [*server, planner, relay, worker, desk, events]


def bare_environment() -> dict[str, str]:
    """The environment of a part that does without Prefect."""
    return {**without_prefect(os.environ), **QUIET}


def engine_or_foreign(settings: Settings) -> dict[str, str]:
    """The environment of a part that is started by itself: for a configured Prefect, or this home's own.

    Raises EngineError before this home's server was ever started.
    """
    if settings.prefect_api_url:
        return foreign_environment(settings.home, settings.prefect_api_url)
    return engine_environment(settings.home, port=known_port(settings.home))


def part(name: str) -> tuple[str, ...]:
    """What starts one of our own parts."""
    return (sys.executable, "-m", "deployments.engine.parts", name)


def part_environment(settings: Settings) -> dict[str, str]:
    """What tells a part which home, site and database it works for; the database's password is not in any argument."""
    return {
        "WATCHBILL_HOME": str(settings.home.resolve()),
        "WATCHBILL_SITE": str(settings.site.resolve()),
        "WATCHBILL_DATABASE_URL": settings.url(),
        "WATCHBILL_WORK_POOL": settings.work_pool,
        "WATCHBILL_WORK_POOL_TYPE": settings.work_pool_type,
        "WATCHBILL_DESK_HOST": settings.desk_host,
        **({} if settings.desk_port is None else {"WATCHBILL_DESK_PORT": str(settings.desk_port)}),
    }


def alive(name: str, settings: Settings) -> Callable[[], bool]:
    """Whether a part gave a sign of life since this process started, or since it was last found alive."""
    started, database = clock.now(), Database(settings.url())

    def look() -> bool:
        nonlocal started
        with database.read() as session:
            lives = any(beat.part == name and beat.at >= started for beat in heartbeats.all_parts(session))
        if lives:
            # Nobody asks again until it falls, and what it said before its fall does not count then.
            started = clock.now()
            database.close()
        return lives

    return look


def worker_listens(settings: Settings) -> Callable[[], bool]:
    """Whether a worker of this home can be woken."""
    return lambda: wake(settings.home) > 0
