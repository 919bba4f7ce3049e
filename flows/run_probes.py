"""Read the probes whose turn it is."""

from prefect import flow

from models.orders import RunProbes
from tasks.probes import record_readings, take_readings
from tasks.runs import claimed


@flow(name="run-probes", persist_result=False)
def run_probes(order: RunProbes) -> None:
    """Read all probes of one job once, and say what has changed.

    The planner asks for it every few minutes, or an operator for one probe. Done means: each reading is kept, and what
    holds now that did not hold before lies in the inbox as an event. A probe that is bad, and a host that cannot be
    reached, are findings: the run fails only when it could not do its own part.
    """
    with claimed(order) as run:
        record_readings(run, take_readings(run))
