"""Check a repository."""

from prefect import flow

from models.orders import CheckRepository
from tasks.repositories import check_part
from tasks.runs import claimed


@flow(name="check-repository", persist_result=False)
def check_repository(order: CheckRepository) -> None:
    """Check a repository's structure and read the part of its data whose turn it is.

    The planner asks for it. Done means: what was read is good and the row of the check says which part it was; or
    the damage is named, and the points that it is known to touch are bad.
    """
    with claimed(order) as run:
        check_part(run)
