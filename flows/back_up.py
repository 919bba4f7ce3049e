"""Take a restore point of one backup plan."""

from prefect import flow

from models.orders import BackUp
from tasks.backups import judge_point, list_points, take_point
from tasks.hooks import around_source
from tasks.keeping import keep_points
from tasks.manifests import store_manifest
from tasks.repositories import prepare_repository
from tasks.runs import claimed


@flow(name="back-up", persist_result=False)
def back_up(order: BackUp) -> None:
    """Back up the source of one plan, and let go of the points that its retention does not keep.

    The planner or an operator asks for it. Done means: the repository lists the new point and keeps its manifest, it is
    not empty and has not shrunk beyond its tolerance. It is proven only when a drill has restored and compared it.
    """
    with claimed(order) as run:
        prepare_repository(run)
        with around_source(run):
            point = take_point(run)
            judge_point(run, point)
            list_points(run)
        store_manifest(run, point)
        keep_points(run)
