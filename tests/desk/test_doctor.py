"""The doctor: each illness is named, with its mend, and the doctor outlives it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from deployments.engine.work_pool import PoolState
from desk.services import doctor
from desk.services.checkups import engine, ledger, machine
from desk.services.doctor import Finding, State
from models import clock
from models.database import Database
from models.queries import heartbeats, journal
from models.queries.heartbeats import SILENT_AFTER
from models.queries.outbox import Wanted, mark_failed, put
from models.records import OutboxRow
from models.settings import Settings
from models.site.services import Connection, Host
from models.vocabulary import HostFault
from tests.desk.conftest import Said
from tests.desk.small_site import FILES, beat_all, write_site

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def look(harbour: Database, surroundings: dict[str, str]) -> Look:
    """Every finding by what was looked at."""

    def looked(**changed: object) -> dict[str, Finding]:
        return {finding.what: finding for finding in doctor.examine(Settings(**changed), hosts=False)}

    return looked


def test_a_well_house_has_no_failure(look: Look, harbour: Database, surroundings: dict[str, str]) -> None:
    home = Path(surroundings["WATCHBILL_HOME"])
    secret = home / "secrets" / "rotate"
    secret.parent.mkdir(parents=True)
    secret.write_text("s3cret")
    secret.chmod(0o600)
    beat_all(harbour, clock.now())
    with harbour.write() as session:
        heartbeats.beat(session, "anchor", clock.now())
    found = look()
    assert {what: finding.text for what, finding in found.items() if finding.state is State.FAIL} == {}
    for what in ("python", "fastapi", "sqlalchemy", "prefect", "disk", "database", "clock", "planner", "relay"):
        assert found[what].state is State.OK, what
    assert "rows verified" in found["journal"].text
    assert "4 jobs, 4 hosts" in found["register"].text
    assert found["secrets"].text == "1 secret in use, all there"


def test_every_finding_that_is_not_well_says_how_to_mend_it(look: Look) -> None:
    assert [finding.what for finding in look().values() if (finding.state is State.OK) == bool(finding.mend)] == []


def test_an_old_sqlite_is_a_warning(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sqlite3, "sqlite_version", "3.40.1")
    assert look()["sqlite"].state is State.WARN
    monkeypatch.setattr(machine.sqlite3, "sqlite_version", "3.51.3")
    assert look()["sqlite"].state is State.OK


def test_a_library_outside_its_pin_fails_with_the_reason(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    real = machine.importlib.metadata.version
    monkeypatch.setattr(
        machine.importlib.metadata, "version", lambda name: "0.165.0" if name == "fastapi" else real(name)
    )
    found = look()["fastapi"]
    assert found.state is State.FAIL
    assert "does not start with it" in found.text


@pytest.mark.parametrize(
    ("free", "state"), [(1024**2, State.FAIL), (1024**3, State.WARN), (50 * 1024**3, State.OK)], ids=str
)
def test_a_full_disk_is_seen_in_time(look: Look, monkeypatch: pytest.MonkeyPatch, free: int, state: State) -> None:
    usage = machine.shutil.disk_usage("/")._replace(free=free, total=100 * 1024**3)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: usage)
    assert look()["disk"].state is state


def test_an_engine_that_never_ran_is_a_warning_and_a_silent_part_a_failure(look: Look, harbour: Database) -> None:
    assert look()["engine"].state is State.WARN
    beat_all(harbour, clock.now() - timedelta(hours=1))
    found = look()
    silent = {name for name, finding in found.items() if "silent for 1 h" in finding.text}
    assert silent == set(SILENT_AFTER) - {"anchor"}
    assert {found[name].state for name in SILENT_AFTER} == {State.FAIL}
    assert found["anchor"].text == "never gave a sign of life"
    assert "watchbill planner" in str(found["anchor"].mend)


def test_a_clock_that_is_off_fails(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(ledger.runs, "now_by_database", lambda _session: theirs)
    assert look()["clock"].state is State.FAIL


def test_a_journal_that_was_changed_fails(look: Look, harbour: Database) -> None:
    with harbour.read() as session:
        assert journal.verify(session).rows
    with harbour.outside_transactions() as cursor:
        for name in [row[0] for row in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("UPDATE journal SET actor = 'mallory' WHERE seq = 2")
    assert "journal row 2" in look()["journal"].text


def test_orders_that_do_not_reach_prefect_are_told_with_the_error(look: Look, harbour: Database) -> None:
    past = clock.now() - timedelta(minutes=10)
    with harbour.write() as session:
        put(session, Wanted("k", "run", {}), past)
        session.flush()
        mark_failed(session, session.query(OutboxRow).one(), past, "connection refused", permanent=False)
    found = look()["outbox"]
    assert found.state is State.WARN
    assert "connection refused" in found.text


def test_missing_and_open_secrets_fail(look: Look, surroundings: dict[str, str]) -> None:
    assert "missing: rotate" in look()["secrets"].text
    secret = Path(surroundings["WATCHBILL_HOME"], "secrets", "rotate")
    secret.parent.mkdir(parents=True)
    secret.write_text("s3cret")
    secret.chmod(0o644)
    found = look()["secrets"]
    assert found.state is State.FAIL
    assert "read by others" in found.text
    assert "s3cret" not in found.text


@pytest.mark.parametrize(("mode", "state"), [(None, "missing"), (0o644, "read by others"), (0o600, "1 key file")])
def test_host_keys_must_be_there_and_closed(look: Look, site_folder: Path, mode: int | None, state: str) -> None:
    services = FILES["services.yaml"].replace("web1: {", "web1: {key: keys/night, ")
    write_site(site_folder, services=services)
    if mode is not None:
        key = site_folder / "keys" / "night"
        key.parent.mkdir()
        key.write_text("key")
        key.chmod(mode)
    assert state in look()["keys"].text


def test_files_that_say_something_else_than_the_register_are_told(look: Look, site_folder: Path) -> None:
    assert look()["drift"].state is State.OK
    write_site(site_folder, jobs=FILES["jobs.yaml"].replace("Rotate the logs", "Rotate all logs"))
    assert look()["drift"].text == "1 entry differs from the register"
    write_site(site_folder, jobs="jobs: {x: {}}")
    assert look()["site"].state is State.FAIL


def test_a_prefect_server_that_does_not_answer_fails(look: Look, surroundings: dict[str, str]) -> None:
    assert look(prefect_api_url="http://127.0.0.1:9/api")["prefect server"].state is State.FAIL


def test_hosts_are_probed_only_when_asked_for(
    harbour: Database, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "desk.services.checkups.engine.lazily",
        lambda _module, _name: (
            lambda _site: [
                (Host(name="web1", address="10.0.0.1"), None),
                (Host(name="web2", address="10.0.0.2"), HostFault.UNREACHABLE),
                (Host(name="here", connection=Connection.LOCAL), None),
                (Host(name="there", connection=Connection.LOCAL), HostFault.UNUSABLE),
            ]
        ),
    )
    found = {finding.what: finding for finding in doctor.examine(Settings(), hosts=True)}
    assert (found["host web1"].state, found["host web1"].text) == (State.OK, "reached, key as pinned")
    assert (found["host web2"].state, found["host web2"].text) == (State.FAIL, "unreachable")
    assert found["host here"].text == "this machine, without SSH: commands can run", "it has no key to be pinned"
    assert ".watchbill" in (found["host there"].mend or "")
    assert not any(one.what.startswith("host web") for one in doctor.examine(Settings(), hosts=False))


def test_a_look_that_breaks_is_a_finding_and_the_others_go_on(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> None:
        raise RuntimeError("no such device")

    monkeypatch.setattr(doctor, "LOOKS", (machine.look, broken, ledger.look))
    found = look()
    assert any("RuntimeError: no such device" in finding.text for finding in found.values())
    assert "database" in found


def test_a_failure_is_exit_code_1_and_stands_in_the_table(watchbill: Callable[..., Said]) -> None:
    said = watchbill("doctor")
    assert said.code == 1
    assert "missing: rotate" in said.words
    assert "mend: put each value into" in said.words
    assert "1 fail" in said.err
    document = json.loads(watchbill("doctor", "--json").out)
    assert document["ok"] is False
    assert {"what", "state", "text", "mend"} == set(document["findings"][0])


@pytest.mark.parametrize(
    ("found", "state", "text", "reason"),
    [
        (PoolState(None), State.WARN, "Prefect has no night yet", "the relay makes it"),
        (PoolState("docker"), State.FAIL, "of type docker, and the setting says process", "nobody takes its runs"),
        (PoolState("process", is_paused=True, online=("w",)), State.FAIL, "is paused in Prefect", "a worker waits too"),
        (PoolState("process"), State.FAIL, "night has no worker online: runs wait", "silence is red"),
        (PoolState("process", online=("w", "x")), State.OK, "night (process), 2 workers online", "as it should be"),
    ],
)
def test_a_work_pool_without_somebody_who_works_is_told(
    look: Look, monkeypatch: pytest.MonkeyPatch, found: PoolState, state: State, text: str, reason: str
) -> None:
    monkeypatch.setattr(engine, "prefect_answers", lambda _settings: True)
    monkeypatch.setattr(engine, "pool_state", lambda _settings, _now: found)
    finding = look(prefect_api_url="http://prefect/api", work_pool="night", work_pool_type="process")["work pool"]
    assert (finding.state, text in finding.text) == (state, True), (reason, finding)
