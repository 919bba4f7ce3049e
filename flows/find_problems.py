"""Search the history for what recurs."""

from prefect import flow

from models.orders import FindProblems
from tasks.problems import find_candidates
from tasks.runs import claimed


@flow(name="find-problems", persist_result=False)
def find_problems(order: FindProblems) -> None:
    """Find trouble that recurs, and ask a person whether it is a problem.

    The planner asks for it each day, as `detection:` of problems.yaml says. Done means: each pattern that recurs is a
    candidate with its evidence, what joined an open one is with it, and nothing that was decided is asked again.
    """
    with claimed(order):
        find_candidates(order)
