"""A plan whose files are read by restic on their own host: the whole way from the flow to the drill that proves it."""

from pathlib import Path

import pytest

from models.vocabulary import BackupFault, Outcome, PointState
from tests.flows.test_backups import ENGINES, RESTIC, SITE, Plan, plan
from tests.sites import apply_site, write_site

__all__ = ["plan"]
pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server"), RESTIC]


def apply(plan: Plan, paths: str) -> None:
    """The same plan, its files on a host."""
    host = "  web1: {address: 127.0.0.1, connection: local, tags: [web]}\n"
    folder = write_site(plan.home / "site", "{}", hosts=host)
    (folder / "jobs.yaml").unlink()
    source = f"paths: [{paths}], reading: on host"
    site = SITE.replace("on: local", "on: web1").format(
        base=plan.home, source="", drill="", what=source, **ENGINES["restic"]
    )
    (folder / "backups.yaml").write_text(site)
    apply_site(plan.database, folder)


def test_a_point_that_the_host_took_is_listed_proven_and_copied(plan: Plan) -> None:
    apply(plan, str(plan.data))
    for verb in ("backup", "drill", "copy"):
        assert plan.run(verb).outcome is Outcome.OK
    assert plan.points() == [PointState.PROVEN]
    assert plan.points("away") == [PointState.LISTED]
    plan.run("backup")
    assert PointState.PROVEN in plan.points()


def test_a_source_that_is_gone_makes_no_point(plan: Plan) -> None:
    gone = Path(plan.data, "gone")
    apply(plan, str(gone))
    assert f"{gone} not found" in plan.refused("backup", BackupFault.SOURCE_MISSING)
    assert plan.points() == []
