"""The order to read probes."""

from models.orders.run_job import RunOrder


class RunProbes(RunOrder):
    """Read the probes of a job: what they are, where, and how they stand is in the shared database."""
