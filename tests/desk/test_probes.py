"""probe list, show and run: the worst first, the limits in words, and a reading at once that changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from desk.cli.following import Follower
from desk.services import runs as desk_runs
from desk.services.runs import RunLine
from models import clock
from models.database import Database
from models.queries import closing, dispatching, probes, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.queries.probes import Taken
from models.rules.probes import Measure, Observed
from models.vocabulary import ProbeVerdict
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site

Watchbill = Callable[..., Said]
CRITICAL, UNKNOWN = ProbeVerdict.CRITICAL, ProbeVerdict.UNKNOWN
PROBES = """probes:
  disk:
    title: Disks of the web hosts
    owner: deck
    runbook: Look for what grew.
    on: tag=web and host!=web3
    disk: {mount: /var, free_percent: {warning: 20, critical: 10, margin: 5}}
  shop:
    title: The shop answers
    owner: deck
    service: shop
    runbook: Call.
    http: {url: "https://shop.example/"}
  clock:
    title: The clock
    owner: deck
    runbook: Call.
    every: 5m
    bad_after: 1
    command: {argv: [check_time]}
"""


class Harbour:
    """The small site with probes, and readings of them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        write_site(folder)
        (folder / "probes.yaml").write_text(PROBES)
        apply_site(database, folder, clock.now())
        with database.write() as session:
            self.run = dispatching.run_now(session, read_book(session), "probes-deck-1m", Wish("ada"), clock.now()).id

    def read(self, name: str, host: str, observed: Observed, times: int = 1, age: timedelta = timedelta(0)) -> None:
        """So many readings, the last one so long ago."""
        with self.database.write() as session:
            probe, book = probes.in_force(session)[name], read_book(session)
            for number in range(times):
                at = clock.now() - age - timedelta(minutes=times - 1 - number)
                probes.record(session, book, self.run, [Taken(probe, host, at, observed)], at)


@pytest.fixture
def harbour_with_probes(harbour: Database, site_folder: Path) -> Harbour:
    made = Harbour(harbour, site_folder)
    made.read("disk", "web1", Observed("/var: 5 % free", (Measure("free", 5, "%"),)), times=4)
    made.read("disk", "web2", Observed("/var: 50 % free", (Measure("free", 50, "%"),)), times=2)
    made.read("disk", "web2", Observed("web2: unreachable: no answer", verdict=UNKNOWN), times=1)
    made.read("shop", "local", Observed("200 OK in 0.1 s", (Measure("time", 0.1, "s"),)), age=timedelta(minutes=30))
    return made


def test_a_site_without_probes_says_how_to_add_one(harbour: Database, watchbill: Watchbill) -> None:
    assert "add one to probes.yaml" in watchbill("probe", "list").words


@pytest.mark.usefixtures("harbour_with_probes")
def test_the_worst_comes_first_and_what_is_not_read_is_not_good(watchbill: Watchbill) -> None:
    said = watchbill("probe", "list", "--json").json
    assert [(one["name"], one["host"], one["verdict"], one["is_overdue"]) for one in said["probes"]] == [
        ("disk", "web1", "critical", False),
        ("shop", "local", "ok", True),
        ("disk", "web2", "ok", False),
        ("clock", "local", None, False),
    ]
    words = watchbill("probe", "list").words
    assert "web1 critical" in words
    assert "shop local not read" in words
    assert "web2: unreachable: no answer (not read 1 of 3 times)" in words
    assert "clock local new" in words


@pytest.mark.usefixtures("harbour_with_probes")
def test_a_probe_shows_its_limits_and_its_last_readings(watchbill: Watchbill) -> None:
    said = watchbill("probe", "show", "disk")
    assert "free: warning below 20 %, critical below 10 %, left 5 % above that" in said.words
    assert "bad after 3 readings in a row" in said.words
    assert "looks at disk: mount /var read every 1m by the job probes-deck-1m" in said.words
    assert "CCCC" in said.out
    assert "..?" in said.out
    found = watchbill("probe", "show", "disk", "--json").json
    assert found["readings"]["web1"][0]["text"].startswith("/var: 5 % free; free 5 % is below 10 %")


def test_an_unknown_probe_gets_a_hint(harbour_with_probes: Harbour, watchbill: Watchbill) -> None:
    for words in (("show", "disc"), ("run", "disc")):
        said = watchbill("probe", *words)
        assert said.code == 5
        assert "there is no probe 'disc'; did you mean \"disk\"?" in said.words


@pytest.mark.parametrize(
    ("record", "verdict", "code", "holds"),
    [(False, CRITICAL, 1, "ok"), (True, CRITICAL, 1, "critical"), (False, ProbeVerdict.OK, 0, "ok")],
    ids=["only looked at", "counted", "ok"],
)
def test_a_probe_read_now_says_what_it_found(
    harbour_with_probes: Harbour,
    watchbill: Watchbill,
    monkeypatch: pytest.MonkeyPatch,
    record: bool,
    verdict: ProbeVerdict,
    code: int,
    holds: str,
) -> None:
    observed = Observed("it says so", (Measure("offset", 3, "s"),), verdict)

    def carry_out(follower: Follower, line: RunLine, _seconds: float) -> RunLine:
        """What a worker does with it."""
        with follower.database.write() as session:
            run = runs.claim(session, int(line.run[3:]), 1, "worker:1")
            assert run.plan.parameters == {"probe": "clock", "record": "true" if record else "false"}
            taken = [Taken(probes.in_force(session)["clock"], "local", clock.now(), observed)]
            if record:
                probes.record(session, read_book(session), run.run_id, taken, clock.now())
            else:
                probes.keep_uncounted(session, run.run_id, taken)
            closing.close(session, run, "worker:1", failed_with=None)
        return desk_runs.read_run(follower.database, line.run)

    monkeypatch.setattr(Follower, "follow", carry_out)
    options = ["--record"] if record else []
    said = watchbill("probe", "run", "clock", *options)
    assert said.code == code
    assert f"{verdict.value} local it says so offset 3 s" in said.words
    assert ("--record counts it" in said.words) is not record
    (line,) = [one for one in watchbill("probe", "list", "--json").json["probes"] if one["name"] == "clock"]
    assert line["verdict"] == holds


def test_a_run_that_could_not_read_says_so(
    harbour_with_probes: Harbour, watchbill: Watchbill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(follower: Follower, line: RunLine, _seconds: float) -> RunLine:
        with follower.database.write() as session:
            run = runs.claim(session, int(line.run[3:]), 1, "worker:1")
            closing.close(session, run, "worker:1", failed_with="no key")
        return desk_runs.read_run(follower.database, line.run)

    monkeypatch.setattr(Follower, "follow", fail)
    said = watchbill("probe", "run", "clock")
    assert (said.code, "failed: no key" in said.words) == (1, True)
