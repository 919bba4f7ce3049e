"""Restore a point for a person."""

from prefect import flow

from models.orders import RestoreBackup
from tasks.restores import restore_for_person
from tasks.runs import claimed


@flow(name="restore-backup", persist_result=False)
def restore_backup(order: RestoreBackup) -> None:
    """Restore one point of a plan into an empty folder of the worker's machine.

    An operator asks for it. Done means: the folder has every file of the manifest, compared byte for byte.
    """
    with claimed(order) as run:
        restore_for_person(run)
