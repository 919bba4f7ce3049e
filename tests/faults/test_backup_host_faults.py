"""What may befall a backup on its host, through the whole flow: a line that dies, an empty dump, a living tree."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.processes import marked, send
from models.queries import journal, runs
from models.vocabulary import Health, PointState
from tasks.sources import source_key
from tasks.tools.backup.manifests import read_manifest
from tasks.tools.backup.sources import Reading
from tasks.tools.ssh import Target, line
from tests.drills.ssh_lab import as_target
from tests.drills.test_ssh_net import FarHost, far
from tests.faults.backup_plan import Plan
from tests.faults.conftest import MakePlan
from tests.servers import need
from tests.tasks.backup.opened import left_in, programs

__all__ = ["far"]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]
HUGE = 1 << 40
HALF, LARGE = 8 << 20, 32 << 20
HERE = "  web1: {{address: 127.0.0.1, connection: local, run_directory: {home}/watchbill}}\n"
SILENT = "exit 0"
PG_DUMP = "case $1 in --version) echo 'pg_dump (PostgreSQL) 15.4';; *) {what};; esac"
POSTGRESQL = {
    "psql": 'case "$*" in *version_num*) echo 150004;; *encoding*) echo UTF8;; *) echo 3;; esac',
    "pg_restore": "echo '215; 1259 16386 TABLE public orders clerk'",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=1) as lab:
        yield lab


def of_host(plan: Plan, engine: str, host: Target) -> None:
    """The plan's files are on this host, and come from there by tar."""
    keys = plan.home / "site" / "keys"
    keys.mkdir(mode=0o700, parents=True)
    assert host.key_file
    shutil.copy(host.key_file, keys / "host")
    (keys / "host").chmod(0o600)
    reach = f"address: {host.address}, port: {host.port}, user: {host.user}, key: keys/host"
    line = f"  {host.name}: {{{reach}, run_directory: {host.run_directory}, host_keys: ['{host.host_keys[0]}']}}\n"
    plan.apply(engine, source=f"on: {host.name}, paths: [{plan.home}/data]", hosts=line)


def half_way(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let this happen once, when some of the source has come."""
    read, waiting = Reading.read, [act]

    def reading(self: Reading, size: int) -> bytes:
        piece = read(self, size)
        if waiting and self.size > HALF:
            waiting.pop()()
        return piece

    monkeypatch.setattr(Reading, "read", reading)


def endless(plan: Plan) -> Path:
    """A file on the host that no backup comes to the end of."""
    path = plan.home / "data" / "endless"
    with path.open("wb") as file:
        file.truncate(HUGE)
    return path


def mark(plan: Plan, host: str) -> str:
    """Of what reads the source of the last run on its host."""
    number = plan.last_run().id
    with plan.database.read() as session:
        return f"WATCHBILL_STEP={source_key(runs.as_claimed(runs.get(session, number)), host)}"


@pytest.mark.drill
def test_a_host_that_is_cut_off_half_way_leaves_nothing_and_is_backed_up_when_it_is_back(
    make_plan: MakePlan, far: FarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"QUIET_SECONDS": 1, "KNOCK_SECONDS": 1, "KNOCKS_UNHEARD": 2, "CONNECT_SECONDS": 1}.items():
        monkeypatch.setattr(line, name, value)
    monkeypatch.setattr(line, "DEAD_LINE_MILLISECONDS", 2000)
    plan = make_plan("archive")
    of_host(plan, "archive", far.target)
    plan.succeed()
    file = endless(plan)

    def cut() -> None:
        time.sleep(0.5)  # by now the host has sent all that it may; it waits for us, and would for hours
        far.cut()

    half_way(monkeypatch, cut)
    try:
        said = plan.fail()
        assert "on far: source failed: the line died mid-command" in said
        assert "it may live on the host" in said
        assert "no restore point is kept, the next run reads it anew" in said
        assert "; afterwards, too: far: unreachable: afterwards 1 (sh -c " in said, "the host was not put in order"
        left = mark(plan, "far")
        assert marked(left), "nobody could end it there"
        assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
        away = plan.fail()
        assert "did not answer within" in away
    finally:
        far.mend()
    assert not [path for path in (plan.home / "main" / "incoming").rglob("*") if path.is_file()]
    assert marked(left), "nothing was on its way that could tell the host"
    file.unlink()
    plan.assert_true(plan.succeed(), "the next run")
    assert not marked(left), "the next run ended it, with proof"
    with plan.database.read() as session:
        assert [row.tag for row in journal.rows_about(session, "run/2")][-1] == "operations:run:prove-end"
    plan.succeed("drill")
    assert plan.health()[0] is Health.GREEN


@pytest.mark.drill
@pytest.mark.parametrize("engine", ["archive", "restic"])
def test_a_host_whose_sessions_are_killed_half_way_is_asked_whether_anything_is_left(
    make_plan: MakePlan, lab: Lab, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, (host,) = make_plan(engine), lab.hosts
    of_host(plan, engine, as_target(host))
    plan.succeed()
    file = endless(plan)
    half_way(monkeypatch, lambda: send(lab.sessions(host.name), signal.SIGKILL))
    said = plan.fail()
    assert "on host1: source failed: the line died mid-command" in said
    assert "nothing of it is left on the host" in said
    assert not marked(mark(plan, host.name))
    assert (plan.home / "afterwards").read_text() == "x\nx\n", "the host was put in order"
    assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
    assert not [path for path in (plan.home / "main").glob("locks/*") if engine == "restic" or path.read_text()]
    file.unlink()
    plan.assert_true(plan.succeed(), "the next run")


@pytest.mark.parametrize("engine", ["archive", pytest.param("restic", marks=pytest.mark.drill)])
def test_a_command_that_says_nothing_and_ends_well_is_an_empty_source(make_plan: MakePlan, engine: str) -> None:
    plan = make_plan(engine)
    dump = plan.home / "dump"
    dump.write_text("echo all of the shop")
    source = f"on: web1, command: {{argv: [sh, {dump}], produces: shop.sql}}"
    plan.apply(engine, source=source, hosts=HERE.format(home=plan.home))
    plan.succeed()
    plan.succeed("drill")
    assert plan.health()[0] is Health.GREEN
    dump.write_text(SILENT)
    said = plan.fail()
    assert "sh on web1: source empty: it gave 0 B, and the plan wants at least 1 B" in said
    assert "run it by hand there, and look" in said
    assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
    dump.write_text("echo all of the shop")
    plan.succeed()


def test_a_pg_dump_that_writes_nothing_and_ends_well_is_an_empty_source(
    make_plan: MakePlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, scratch = make_plan("archive"), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    source = "on: web1, postgresql: {database: shop, globals: false}"
    plan.apply("archive", source=source, hosts=HERE.format(home=plan.home))

    def pg_dump(what: str) -> None:
        programs(tmp_path / "bin", monkeypatch, {**POSTGRESQL, "pg_dump": PG_DUMP.format(what=what)})

    pg_dump("echo the shop >database.dump")
    plan.succeed()
    for nothing in (SILENT, ": >database.dump"):
        pg_dump(nothing)
        said = plan.fail()
        assert "the database shop on web1: source empty: " in said
        assert "pg_dump ended well and wrote nothing; install" in said
        assert not left_in(scratch)
    pg_dump("echo the shop >database.dump")
    plan.assert_true(plan.succeed(), "the next run")


@pytest.mark.drill
@pytest.mark.parametrize(
    ("engine", "change", "says", "is_kept", "reason"),
    [
        ("archive", "grow", "file changed as we read it", True, "only what it had when it was opened is kept"),
        ("restic", "shrink", "padding with zeros", True, "its end is gone"),
        ("archive", "remove", "File removed before we read it", False, "it was listed, and is not there any more"),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_a_warning_and_the_drill_compares_what_was_kept(
    make_plan: MakePlan, lab: Lab, monkeypatch: pytest.MonkeyPatch,
    engine: str, change: str, says: str, is_kept: bool, reason: str,
) -> None:  # fmt: skip
    """tar's exit code 1."""
    plan = make_plan(engine)
    of_host(plan, engine, as_target(lab.hosts[0]))
    large = plan.home / "data" / "a-large"
    with large.open("wb") as file:
        file.truncate(LARGE)

    def happen() -> None:
        if change == "remove":
            (plan.home / "data" / "file-2").unlink()
            return
        with large.open("ab") as file:
            file.truncate(LARGE + (1000 if change == "grow" else -1000))

    half_way(monkeypatch, happen)
    plan.succeed()
    (point,) = plan.points()
    assert any(says in warning for warning in point.warnings), point.warnings
    entries = {Path(entry.path).name: entry for entry in read_manifest(plan.home / point.manifest)}
    assert entries["a-large"].size == LARGE
    assert ("file-2" in entries) is is_kept
    plan.succeed("drill")
    (point,) = plan.points()
    assert (point.state, bool(point.warnings)) == (PointState.PROVEN, True)
