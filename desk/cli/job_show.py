"""job show: everything about one job, or one run."""

import re
from typing import Annotated

from cyclopts import Parameter

from desk.cli.chain_view import AsChain, show_chain
from desk.cli.common import COMMON, Common
from desk.cli.job_view import show_job
from desk.cli.run_view import show_output, show_run
from desk.services import jobs, run_details
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.runs import run_key
from models import clock


def show(
    name: Annotated[str, Parameter(name="JOB|RUN", help="A job, or a run such as RUN000012.")],
    /,
    *,
    on: Annotated[
        str | None, Parameter(help="Try a node filter: which hosts, in which waves.", metavar="FILTER")
    ] = None,
    log: Annotated[str | None, Parameter(help="Print what this host of the run said.", metavar="HOST")] = None,
    chain: AsChain = False,
    common: Common = COMMON,
) -> int:
    """Everything about one job, or one run: schedule, hosts, commands, history; timeline, steps, output."""
    if re.fullmatch(r"RUN\d+", name.upper()):
        if on is not None:
            raise Misuse("--on goes with a job: a run's hosts are settled")
        if chain:
            return show_chain(f"run/{run_key(name)}", common)
        return _run(name, log, common)
    if chain:
        raise Misuse("--chain goes with a run, such as RUN000012: see the last runs in `watchbill job show`")
    if log is not None:
        raise Misuse("--log goes with a run, such as RUN000012: see the last runs in `watchbill job show`")
    with opened(common.settings()) as database:
        found = jobs.show_job(database, name, on, clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        show_job(screen, found)
    return 0


def _run(name: str, log: str | None, common: Common) -> int:
    screen = common.screen()
    with opened(common.settings()) as database:
        found = run_details.show_run(database, name)
    if log is not None:
        output = run_details.output_of(found, log)
        screen.json(output) if common.json else show_output(screen, output)
    elif common.json:
        screen.json(found)
    else:
        show_run(screen, found, clock.now())
    return 0
