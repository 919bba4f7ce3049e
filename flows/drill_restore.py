"""Prove a restore point by restoring it."""

from prefect import flow

from models.orders import DrillRestore
from tasks.drills import ask_expectations, clear_remains, compare_copy, drilled, points_to_drill, restore_copy
from tasks.runs import claimed


@flow(name="drill-restore", persist_result=False)
def drill_restore(order: DrillRestore) -> None:
    """Restore one point of a plan into a sandbox and compare it with what was taken.

    The planner or an operator asks for it. Done means: every file is there with the bytes and permissions of the
    manifest, every expectation of the plan holds, and the drill's row says how long it took; or the point is bad.
    """
    with claimed(order) as run:
        clear_remains(run)
        for point in points_to_drill(run):
            with drilled(run, point) as drill:
                restore_copy(run, drill)
                compare_copy(run, drill)
                ask_expectations(run, drill)
