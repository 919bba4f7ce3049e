"""The engine's parts as processes: `python -m deployments.engine.parts planner|relay|worker|desk|events`."""

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from deployments.engine.stopping import stop_on_signal
from deployments.engine.up import bare_environment, engine_or_foreign, part, part_environment
from models import clock
from models.database import Database
from models.errors import EngineError, WatchbillError
from models.queries import heartbeats
from models.settings import Settings

if TYPE_CHECKING:
    from deployments.engine.work_pool import WorkPool

PARTS = ("planner", "relay", "worker", "desk", "events")
WITHOUT_PREFECT = ("desk", "events")
"""These run on machines, too, that never heard of a Prefect server."""
BEAT_SECONDS = 10
EVENTS_NICE = 10


def run_part(name: str, settings: Settings) -> None:
    """Be one part until told to end. Raises EngineError when it cannot do its work."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # A line for every question to Prefect, two seconds apart, would bury the lines that say something.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if name == "planner":
        from deployments.engine.planner import run_planner  # noqa: PLC0415 - the planner needs no Prefect

        run_planner(settings, stop_on_signal())
    elif name == "relay":
        from deployments.engine.relay import run_relay  # noqa: PLC0415 - 2 s of imports that only this part needs
        from deployments.engine.relay_prefect import RelayPrefect  # noqa: PLC0415
        from deployments.engine.wake import wake  # noqa: PLC0415

        run_relay(settings, RelayPrefect(_pool(settings)), lambda: wake(settings.home), stop_on_signal())
    elif name == "worker":
        from deployments.engine.run_worker import run_stock_worker, run_worker  # noqa: PLC0415
        from deployments.engine.warm_worker import WarmSettings  # noqa: PLC0415

        pool = _pool(settings)
        threading.Thread(target=_beat, args=(name, settings), name="heartbeat", daemon=True).start()
        if pool.is_warm:
            run_worker(WarmSettings(home=settings.home, pool=pool.name))
        else:
            run_stock_worker(pool)
    elif name == "desk":
        from desk.ingest.service import run_desk  # noqa: PLC0415 - 0.5 s of imports that only this part needs

        # The server says the signal that ended it once more when it has ended: it must not be ended badly by that.
        stop_on_signal()
        run_desk(settings)
    elif name == "events":
        from deployments.engine.event_worker import run_event_worker  # noqa: PLC0415 - the events need no Prefect

        # Senders and people are answered first: what was taken can wait a moment to be worked off.
        os.nice(EVENTS_NICE)
        run_event_worker(settings, stop_on_signal())
    else:
        raise EngineError(f"there is no part {name!r}: choose one of {', '.join(PARTS)}")


def _pool(settings: Settings) -> "WorkPool":
    """The chosen work pool, made when it is missing. Raises EngineError when these settings cannot work."""
    from deployments.engine.work_pool import WorkPool, ask_for_pool  # noqa: PLC0415 - 2 s of Prefect

    pool = WorkPool.chosen(settings)
    try:
        ask_for_pool(pool)
    except EngineError as error:
        if error.permanent:
            raise
        logging.getLogger("watchbill").warning("%s", error)
    return pool


def _beat(name: str, settings: Settings) -> None:
    """Say every ten seconds that this part lives; a database that is away hears of it later."""
    database = Database(settings.url())
    while True:
        try:
            with database.write() as session:
                heartbeats.beat(session, name, clock.now())
        except WatchbillError as error:
            logging.getLogger("watchbill").warning("%s", error)
        time.sleep(BEAT_SECONDS)


def become(name: str, settings: Settings) -> NoReturn:
    """Turn this process into one part, with the environment that Prefect reads when it is imported."""
    environment = bare_environment() if name in WITHOUT_PREFECT else engine_or_foreign(settings)
    environment |= part_environment(settings)
    os.execve(sys.executable, part(name), environment)  # noqa: S606 - no shell, and nothing of the old process stays


def main() -> int:
    """The process's whole life; an error is one line, not a trace."""
    try:
        run_part(sys.argv[1] if len(sys.argv) > 1 else "", Settings())
    except WatchbillError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
