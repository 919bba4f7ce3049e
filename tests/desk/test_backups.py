"""backup list, show, preview and coverage, and the runs behind run, drill and restore."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models import clock
from models.database import Database
from models.queries import dispatching, restore_points, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.queries.restore_points import NewPoint
from models.records import DrillRow, RepositoryCheckRow, Run
from models.vocabulary import Outcome
from tests.desk.conftest import Said
from tests.desk.small_site import FILES, apply_site, write_site

Watchbill = Callable[..., Said]

BACKUPS = """
repositories:
  cellar: {title: Cellar, owner: deck, runbook: Call., engine: archive, where: /srv/cellar,
    check: {schedule: {cron: "0 5 * * *"}, parts: 4}}
backups:
  shop-files:
    title: Files of the shop
    owner: deck
    service: shop
    runbook: "Look into the cellar."
    schedule: {cron: "0 1 * * *"}
    source: {on: web1, paths: [/srv/shop]}
    to: cellar
    keep: {last: 1}
    safeguards: {at_least: 1}
    drill: {schedule: {cron: "0 4 * * *"}}
  ledger:
    title: The ledger
    owner: deck
    runbook: Call.
    source: {on: db1, sqlite: /srv/ledger.db}
    to: cellar
exemptions:
  web3: {reason: Holds nothing., agreed_by: ada}
"""


@pytest.fixture
def cellar(harbour: Database, site_folder: Path) -> Database:
    """The small site with two plans: one with three points, of which the second is proven; one that never ran."""
    write_site(site_folder, backups=BACKUPS)
    now = clock.now()
    apply_site(harbour, site_folder, now)
    with harbour.write() as session:
        run = dispatching.run_now(session, read_book(session), "backup-shop-files", Wish("ada"), now)
        for number, age in enumerate((50, 26, 2)):
            restore_points.record_point(session, _point(number, run.id, now - timedelta(hours=age)), "worker")
        session.flush()
        restore_points.reconcile(session, "shop-files", "cellar", ["aaaa0000", "aaaa0001", "aaaa0002"], "worker", now)
        check = RepositoryCheckRow(
            repository="cellar",
            run_id=run.id,
            started_at=now,
            ended_at=now,
            part=1,
            parts=4,
            outcome=Outcome.OK,
            faults=[],
        )
        restore_points.record_check(session, check, "worker")
        restore_points.record_drill(session, _drill(session_point(session, "aaaa0001"), run.id, now), "worker")
    return harbour


def session_point(session: Session, key: str) -> int:
    found = restore_points.find(session, "cellar", key)
    assert found is not None
    return found.id


def _point(number: int, run_id: int, taken_at: datetime) -> NewPoint:
    return NewPoint(
        key=f"aaaa000{number}",
        plan="shop-files",
        repository="cellar",
        host="web1",
        run_id=run_id,
        taken_at=taken_at,
        size_bytes=3_500_000,
        added_bytes=1024,
        files=120,
        seconds=4.0,
        manifest="m",
        manifest_sha256="0" * 64,
        warnings=[],
    )


def _drill(point: int, run_id: int, now: datetime) -> DrillRow:
    return DrillRow(
        restore_point_id=point,
        plan="shop-files",
        run_id=run_id,
        started_at=now,
        ended_at=now,
        outcome=Outcome.OK,
        reason="120 files restored and compared",
        size_bytes=3_500_000,
        files=120,
        findings=[],
        checks=["srv/shop/index.html is there"],
        sandbox="user, files",
    )


@pytest.mark.usefixtures("cellar")
def test_the_list_says_of_each_plan_what_it_is_worth_and_why(watchbill: Watchbill) -> None:
    said = watchbill("backup", "list")
    assert said.code == 0
    assert "ledger amber db1 none never" in said.words
    assert "shop-files amber web1 2 h ago" in said.words
    assert "repository cellar: 1 of 4 parts read, one or more never" in said.words
    plans = watchbill("backup", "list", "--json").json["plans"]
    assert [(plan["name"], plan["health"], plan["points"]) for plan in plans] == [
        ("ledger", "amber", 0),
        ("shop-files", "amber", 3),
    ]


@pytest.mark.usefixtures("cellar")
def test_one_plan_is_shown_with_its_points_its_drills_and_every_reason(watchbill: Watchbill) -> None:
    said = watchbill("backup", "show", "shop-files")
    assert "proven cellar 3.3 MiB" in said.words
    assert "120 files restored and compared; srv/shop/index.html is there" in said.words
    assert "Look into the cellar." in said.words
    assert [point["state"] for point in watchbill("backup", "show", "shop-files", "--json").json["points"]] == [
        "listed",
        "proven",
        "listed",
    ]


@pytest.mark.usefixtures("cellar")
def test_the_preview_gives_each_point_a_reason_and_changes_nothing(watchbill: Watchbill) -> None:
    said = watchbill("backup", "preview", "shop-files")
    assert "1 kept, 1 spared, 1 would be removed" in said.words
    assert "it is the last proven point" in said.words
    assert "the oldest point stays while counts remain" in said.words, "as the archive engine does"
    assert "removed not wanted by the policy" in said.words
    assert watchbill("backup", "preview", "shop-files").words == said.words


@pytest.mark.parametrize(
    ("took", "asked", "said", "kept"),
    [
        ("restic 0.14.0", (), "as restic before 0.16: the worker of the newest point has restic 0.14.0", 1),
        ("restic 0.18.0", (), "the oldest point stays while counts remain: the worker of the newest point has", 2),
        ("restic 0.14.0", ("--keep-oldest",), "the oldest point stays while counts remain: as you ask", 2),
        ("restic 0.18.0", ("--no-keep-oldest",), "as restic before 0.16: as you ask", 1),
        (None, (), "as restic before 0.16: no worker has said yet which restic it has", 1),
    ],
    ids=["old", "new", "asked for", "asked against", "nobody said"],
)
def test_the_preview_follows_the_restic_of_the_newest_point(
    watchbill: Watchbill,
    cellar: Database,
    site_folder: Path,
    took: str | None,
    asked: tuple[str, ...],
    said: str,
    kept: int,
) -> None:
    plan = BACKUPS.replace("engine: archive", 'engine: restic, password: "secret://cellar"')
    write_site(site_folder, backups=plan.replace("keep: {last: 1}", "keep: {yearly: 9}"))
    apply_site(cellar, site_folder, clock.now())
    with cellar.write() as session:
        run_id = restore_points.get(session, session_point(session, "aaaa0002")).run_id
        older = replace(_point(3, run_id, clock.now() - timedelta(minutes=2)), engine="restic 0.15.0")
        restore_points.record_point(session, older, "worker")
        newest = replace(_point(4, run_id, clock.now() - timedelta(minutes=1)), engine=took)
        restore_points.record_point(session, newest, "worker")
    found = watchbill("backup", "preview", "shop-files", *asked)
    assert said in found.words
    assert f"{kept} kept" in found.words


@pytest.mark.usefixtures("cellar")
def test_coverage_names_what_has_no_backup_and_who_agreed_to_it(watchbill: Watchbill) -> None:
    said = watchbill("backup", "coverage")
    assert "host web2 no plan" in said.words
    assert "host db1 ledger: no good restore point yet" in said.words
    assert "host web3 by ada for good: Holds nothing." in said.words
    assert "service shop by shop-files" in said.words
    assert "covered: 2 of 4 items in scope" in said.words


@pytest.mark.parametrize(
    ("words", "job", "parameters"),
    [
        (("run", "shop-files"), "backup-shop-files", {"accept_smaller": "false"}),
        (("run", "shop-files", "--accept-smaller"), "backup-shop-files", {"accept_smaller": "true"}),
        (("drill", "shop-files"), "drill-shop-files", {"point": "latest"}),
        (("drill", "shop-files", "--point", "aaaa0001"), "drill-shop-files", {"point": "aaaa0001"}),
        (("restore", "ledger", "--to", "/srv/back"), "restore-ledger", {"point": "latest", "to": "/srv/back"}),
    ],
)
def test_what_is_asked_of_a_plan_is_a_run_of_its_job(
    watchbill: Watchbill, cellar: Database, words: tuple[str, ...], job: str, parameters: dict[str, str]
) -> None:
    number = watchbill("backup", *words, "--no-wait", "--json").json["run"]
    with cellar.read() as session:
        run: Run = runs.get(session, int(number[3:]))
        assert (run.job, run.plan["parameters"], run.requested_by) == (job, parameters, "ada")
        kinds = {key.partition("/")[0] for key in run.plan["specs"]}
    assert kinds == {"backup", "repository"}


@pytest.mark.usefixtures("cellar")
@pytest.mark.parametrize("verb", ["show", "run", "drill", "preview"])
def test_an_unknown_plan_names_those_that_there_are(watchbill: Watchbill, verb: str) -> None:
    said = watchbill("backup", verb, "shop")
    assert said.code == 5
    assert "there is no backup plan 'shop'; known: ledger, shop-files" in said.words


def test_a_site_without_plans_says_where_to_begin(watchbill: Watchbill) -> None:
    assert "backups" not in FILES
    assert "add one to backups.yaml" in watchbill("backup", "list").words
