"""Copy restore points into a second repository."""

from prefect import flow

from models.orders import CopyBackup
from tasks.copies import copy_points, list_copies
from tasks.runs import claimed


@flow(name="copy-backup", persist_result=False)
def copy_backup(order: CopyBackup) -> None:
    """Copy the points of a plan that its second repository does not have.

    The planner or an operator asks for it. Done means: the second repository lists every good point of the first.
    """
    with claimed(order) as run:
        copy_points(run)
        list_copies(run)
