"""Run a routine job on its hosts."""

from prefect import flow

from models.orders import RunJob
from tasks.commands import run_on_hosts, wait_for_file, waves_in_turn
from tasks.kills import end_what_is_open
from tasks.runs import claimed


@flow(name="run-job", persist_result=False)
def run_job(order: RunJob) -> None:
    """Run one job on its hosts, wave by wave, and record what each host said.

    The planner or an operator asks for it. Done means: every host's result was read back from the host and is in
    the log, or the host is named as unreachable or unknown; the run is closed, or waits for its next attempt.
    """
    with claimed(order) as run:
        wait_for_file(run)
        for wave in waves_in_turn(run):
            run_on_hosts(run, wave)
        end_what_is_open(run)
