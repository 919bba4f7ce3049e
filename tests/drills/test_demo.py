"""`watchbill demo` as a new user starts it: what it shows, how it ends, and that it leaves nothing running."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.demo import night as pressed
from deployments.demo.shop_front import ShopFront
from deployments.lab import Lab
from models import clock
from models.settings import CHECKOUT
from models.site.backups import EngineName
from models.site.loading import load_site

pytestmark = pytest.mark.drill
SECONDS = 300
# In this order, each once the one before was seen; jobs that know nothing of each other end as the machine lets them.
SHOWN = (
    r"8 hosts on this machine",
    r"backup-payroll +point \S+ taken into finance: 1 file",
    r"drill-payroll +point \S+ restored and compared in .*; it answers 3 questions as expected",
    r"one bit flips on the disk of finance: \S+\.tar\.zst",
    r"drill-payroll +point \S+ is bad; the last proven point is \S+ of \d\d:\d\d",
    r"drill-payroll +RUN\d+ failed: payroll: repository damaged: point \S+ \(the last proven point is \S+ of ",
    r"amber +orders ",
    r"red +payroll .*the last proven point is ",
    r"green +shop-files .*3-2-1 met: 3 copies, 3 storages, 1 off site",
    r"green +stock ",
    r"restore points: 2 in finance, 3 in store, 1 in vault",
    r"journal: \d+ rows, chain and anchors verified",
    r"report: .*/backup-evidence/.*\.html",
    r"report: .*/daily-operations/.*\.html",
    r"everything has ended",
)
# The lease of the killed run ends while the drills go on, so only its own lines have an order.
TAKEN_UP = (
    r"backup-orders +RUN\d+ starts$",
    r"kill -9 of process \d+, half way through backup-orders",
    r"backup-orders +RUN\d+ is taken up again: its worker \S+ gave no more sign of life",
    r"backup-orders +point \S+ taken into store: 1 file, 2\.3 MiB",
    r"backup-orders +RUN\d+ ok",
)
ALSO_SHOWN = (
    r"backup-shop-files +point \S+ taken into store: 241 files",
    r"copy-shop-files +point \S+ copied to vault: 241 files",
    r"drill-shop-files +point \S+ restored and compared in .*; it answers 2 questions as expected",
    r"drill-stock +point \S+ restored and compared",
    r"check-store +part 1 of 2 of store is read: nothing is wrong with it",
    r"archive-files +RUN\d+ partial: not ok on 1 of 3 hosts",
    r"sync-suppliers +RUN\d+ killed",
    r"reindex-warehouse +skipped by calendar",
    r"INC\d+ +opened \(P1, shop\): Customers cannot pay",
    r"INC\d+ +PROMISE BROKEN: SLA, time to own",
    r"INC\d+ +escalated: Nobody took it: step 2 of 2",
    r"chat of the teams: Escalated, P1: Customers cannot pay",
    r"restart-shop-front +RUN\d+ starts: by a rule",
    r"INC\d+ +resolved by events: fixed, .*the job restart-shop-front mended it",
    r"resolved +INC\d+ +P1 +Storm of alerts: service shop-database, 400 alerts, cleared by itself",
    r"new +INC\d+ +P3 +Link of files1 \(flapping\), 1 alert",
    r"new +INC\d+ +P2 +job drill-payroll of payroll",
    r"report: .*/problems/.*\.html",
)
# Five alike become a problem, and the sixth is mended by what is known of it.
RECURS = (
    r"CAN000001 +recurs: stock import on <name> hangs .*: 5 in 7d",
    r"\$ watchbill problem accept CAN000001 --title",
    r"PRB\d+ +opened by paul\.lind \(proactive, 5 incidents\): The stock import hangs",
    r"KE000001 +published by paul\.lind: The stock import leaves its lock behind",
    r"clear-stock-lock +RUN\d+ starts: by a known error, 1 host",
    r"INC\d+ +resolved by known errors: known error, KE000001 .*the job check-stock-lock says so",
)


@pytest.mark.timeout(SECONDS + 60)
def test_the_demo_shows_its_night_with_backups_and_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    # A width in the environment of a test that ran before would wrap the lines.
    ours = ("WATCHBILL_", "PREFECT_", "COLUMNS")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", "from desk.cli import main; main()", "demo", "--home", str(home)],
        cwd=CHECKOUT,
        env=bare,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for lines in (SHOWN, TAKEN_UP, RECURS):
        rest = done.stdout
        for line in lines:
            found = re.search(line, rest, re.MULTILINE)
            assert found, f"{line}\n{done.stdout}"
            rest = rest[found.end() :]
    assert [line for line in ALSO_SHOWN if not re.search(line, done.stdout)] == [], done.stdout
    assert "Traceback" not in done.stdout
    assert "not as it should be" not in done.stdout
    assert pressed.SECRET not in done.stdout
    assert _processes_of(home) == []
    (log,) = (home / "state" / "reports" / "daily-operations").rglob("report.txt")
    (evidence,) = (home / "state" / "reports" / "backup-evidence").rglob("report.txt")
    assert "drill-payroll" in log.read_text()
    assert "3 of 4 passed" in evidence.read_text()


def _processes_of(home: Path) -> list[str]:
    """Whatever still runs and was started with the demo's home in its command or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(home) in words and int(folder.name) != os.getpid():
            found.append(words[:200].decode(errors="replace"))
    return found


@pytest.mark.parametrize("engine", list(EngineName))
def test_the_demos_site_is_valid_with_either_engine_and_due_tonight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: EngineName
) -> None:
    monkeypatch.setattr("deployments.demo.backups.ENGINE", engine)
    now = clock.now()
    with Lab(tmp_path / "lab", ["web1", "web2", "web3", "app1", "app2", "db1", "db2", "files1"]) as lab:
        night = pressed.Night(tmp_path / "site", tmp_path / "backups", now, now)
        pressed.write_night(night, lab.hosts, ShopFront(lab.host("web1").folder))
        site = load_site(night.site)
        assert {name: kept.engine for name, kept in site.repositories.items()} == {
            "store": engine,
            "vault": engine,
            "finance": EngineName.ARCHIVE,
        }
        for repository in site.repositories.values():
            assert Path(repository.where).parent == tmp_path / "backups"
        assert site.backups["shop-files"].source.paths == (str(lab.host("web1").folder / "srv" / "shop"),)
