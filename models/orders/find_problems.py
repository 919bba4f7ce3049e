"""The order to search the history for what recurs."""

from models.orders.run_job import RunOrder


class FindProblems(RunOrder):
    """Search the history for what recurs: the limits stand in problems.yaml, the trouble in the shared database."""
