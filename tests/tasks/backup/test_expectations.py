"""What a restored copy answers: files, a SQLite file, commands in the sandbox."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models.errors import BackupError
from models.site.backups import Expectation, Source
from models.vocabulary import BackupFault
from tasks.expectations import RestoredCopy, answers_of
from tasks.tools.backup.answers import Answer, OpenedCopy, QueryFailed, answer_of
from tasks.tools.backup.time_limit import TimeLimit

TAKEN = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
FILES = Source(on="web1", paths=("/srv/app",))
SHOP = Source(on="web1", sqlite="/srv/shop.db")


@pytest.fixture
def copy(home: Path) -> Path:
    """As a restore leaves it."""
    folder = home / "copy"
    (folder / "srv" / "app" / "conf").mkdir(parents=True)
    (folder / "srv" / "app" / "conf" / "app.ini").write_text("x")
    (folder / "srv" / "app" / "current").symlink_to("/srv/app/conf")
    (folder / "srv" / "app" / "passwords").symlink_to("/etc/passwd")
    (folder / "srv" / "app" / "climb").symlink_to("../../../../../../../../etc/passwd")
    (folder / "srv" / "app" / "round").symlink_to("round")
    return folder


def asked(source: Source, copy: Path, limit: timedelta = timedelta(minutes=1), **expected: Any) -> list[Answer]:
    wanted = [Expectation(**expected)] if expected else []
    return answers_of(source, wanted, RestoredCopy(copy, TAKEN, TimeLimit.of(limit)))


@pytest.mark.parametrize(
    ("path", "is_good", "reason"),
    [
        ("srv/app/conf/app.ini", True, "as it is in the restored tree"),
        ("/srv/app/conf/app.ini", True, "as it was on the host"),
        ("srv/app/conf", True, "a folder is a path too"),
        ("/srv/app/current/app.ini", True, "an absolute link leads where it led on the host"),
        ("srv/app/nothing", False, "not there"),
        ("srv/app/conf/app.ini/deeper", False, "a file is no folder"),
        ("srv/app/passwords", False, "it leads to this machine's file, not to one of the backup"),
        ("srv/app/climb", False, "it climbs out"),
        ("srv/app/round", False, "a link to itself"),
    ],
)
def test_a_file_counts_only_inside_the_copy(copy: Path, path: str, is_good: bool, reason: str) -> None:
    (answer,) = asked(FILES, copy, file=path)
    assert answer.is_good is is_good, reason
    assert path in answer.text


@pytest.fixture
def shop(copy: Path) -> Path:
    path = copy / "shop.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table orders (id integer primary key, at text)")
        rows = [((TAKEN - timedelta(minutes=n)).isoformat(),) for n in range(30, 1234)]
        database.executemany("insert into orders (at) values (?)", rows)
        database.commit()
    return path


@pytest.mark.parametrize(
    ("query", "limit", "is_good", "text"),
    [
        ("select count(*) from orders", {"at_least": 1000}, True, "gave 1,204; at least 1,000"),
        ("select  count(*)\n from orders", {"at_least": 1204}, True, "select count(*) from orders gave 1,204"),
        ("select count(*) from orders", {"at_least": 1205}, False, "gave 1,204; at least 1,205"),
        (
            "select max(at) from orders",
            {"newer_than": "30m"},
            True,
            "gave 2026-11-21 02:00:00 UTC, 30m before the point was taken; at most 30m",
        ),
        ("select max(at) from orders", {"newer_than": "29m"}, False, "at most 29m"),
        ("select max(at) from orders", {"at_least": 1}, False, "which is no number"),
        ("select null", {"at_least": 0}, False, "gave nothing, which is no number"),
        ("select max(at) from orders where id < 0", {"newer_than": "1d"}, False, "gave nothing, which is no time"),
        ("select id, at from orders", {"at_least": 1}, False, "several rows of 2 columns"),
        ("select id from orders where id < 0", {"at_least": 0}, False, "gave no row"),
        ("select count(*) from gone", {"at_least": 0}, False, "failed: no such table: gone"),
        ("delete from orders", {"at_least": 0}, False, "failed: attempt to write a readonly database"),
        ("attach ':memory:' as x", {"at_least": 0}, False, "failed: too many attached databases"),
        ("select 1; select 2", {"at_least": 0}, False, "failed: You can only execute one statement"),
    ],
)
def test_a_query_to_a_sqlite_copy(shop: Path, query: str, limit: dict[str, Any], is_good: bool, text: str) -> None:
    before = shop.read_bytes()
    opened, answer = asked(SHOP, shop.parent, query=query, **limit)
    assert opened.is_good
    assert opened.text.endswith("is whole: 1 table, 1,204 rows")
    assert (answer.is_good, text in answer.text) == (is_good, True), answer.text
    assert shop.read_bytes() == before
    assert not list(shop.parent.glob("shop.db-*"))


def test_an_endless_query_is_ended_at_the_drills_deadline(shop: Path) -> None:
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"
    _, answer = asked(SHOP, shop.parent, timedelta(seconds=1), query=endless, at_least=1)
    assert not answer.is_good
    assert answer.text.endswith("gave no answer within the drill's deadline of 1s")


def test_a_database_answers_also_when_the_plan_asks_nothing(shop: Path) -> None:
    (answer,) = asked(SHOP, shop.parent)
    assert answer.is_good
    raw = bytearray(shop.read_bytes())
    raw[4096:8192] = b"\x07" * 4096
    shop.write_bytes(raw)
    (answer,) = asked(SHOP, shop.parent)
    assert not answer.is_good


@pytest.mark.parametrize("make", [Path.unlink, lambda path: path.write_text("no database " * 1000)])
def test_what_is_no_database_answers_nothing(shop: Path, make: Any) -> None:
    make(shop)
    opened, answer = asked(SHOP, shop.parent, query="select 1", at_least=1)
    assert (opened.is_good, answer.is_good) == (False, False)
    assert "was not asked" in answer.text


def test_a_database_that_is_a_link_is_not_followed(shop: Path) -> None:
    shop.rename(shop.with_name("elsewhere"))
    shop.symlink_to("elsewhere")
    (answer,) = asked(SHOP, shop.parent)
    assert answer == Answer("shop.db is not in the copy", False)


@pytest.mark.parametrize(
    ("value", "is_good", "reason"),
    [
        (TAKEN - timedelta(hours=1), True, "exactly as old as it may be"),
        (TAKEN - timedelta(hours=1, seconds=1), False, "a second older"),
        (TAKEN + timedelta(days=1), True, "written after the point's time: not too old"),
        ((TAKEN - timedelta(minutes=1)).replace(tzinfo=None), True, "without a zone it is UTC"),
        ("2026-11-21 03:00:00+01:00", True, "its zone counts"),
        ("2026-11-21T03:00:00", True, "ISO 8601"),
        (TAKEN.timestamp(), True, "seconds since 1970"),
        (str(int(TAKEN.timestamp())), True, "the same as text"),
        (int(TAKEN.timestamp() * 1000), True, "milliseconds"),
        (date(2026, 11, 21), False, "its midnight is two and a half hours before"),
        (Decimal(10) ** 40, False, "no time at all"),
        ("yesterday", False, "no time at all"),
        (True, False, "no time at all"),
        (None, False, "an empty table"),
    ],
)
def test_how_old_a_value_is_goes_by_the_time_of_the_point(value: object, is_good: bool, reason: str) -> None:
    copy = OpenedCopy(Answer("it opened", True), lambda _query: value)
    expected = Expectation(query="q", newer_than=timedelta(hours=1))
    assert answer_of(expected, "q", copy, TAKEN).is_good is is_good, reason


@pytest.mark.parametrize(
    ("value", "is_good"),
    [(2, True), (1.5, True), (1.4, False), (Decimal("1.50"), True), ("1.5", True), ("n", False), (float("nan"), False),
     ("nan", False), (True, False), (None, False)],
)  # fmt: skip
def test_a_value_is_measured_as_a_number(value: object, is_good: bool) -> None:
    copy = OpenedCopy(Answer("it opened", True), lambda _query: value)
    assert answer_of(Expectation(query="q", at_least=1.5), "q", copy, TAKEN).is_good is is_good


def test_a_copy_that_did_not_open_is_asked_nothing() -> None:
    def ask(_query: str) -> object:
        raise QueryFailed("never")

    answer = answer_of(Expectation(query="q", at_least=1), "q", OpenedCopy(Answer("damaged", False), ask), TAKEN)
    assert answer == Answer("q was not asked: there is nothing to ask", False)


@pytest.mark.parametrize(
    ("line", "is_good", "text"),
    [
        ("test -f srv/app/conf/app.ini", True, "ended well in"),
        ("echo checked >made && cat made", True, "ended well in"),
        ("echo first; echo the order file is torn >&2; exit 3", False, "exit code 3: the order file is torn"),
        ("echo only said; exit 1", False, "exit code 1: only said"),
    ],
)
def test_a_command_works_in_the_copy(copy: Path, line: str, is_good: bool, text: str) -> None:
    (answer,) = asked(FILES, copy, command=("sh", "-c", line))
    assert answer.is_good is is_good, answer.text
    assert text in answer.text


def test_a_command_sees_neither_secrets_nor_the_network(copy: Path, home: Path) -> None:
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "key").write_text("x")
    (home / "secrets").chmod(0o755)
    (answer,) = asked(FILES, copy, command=("sh", "-c", f"test ! -e {home}/secrets/key && ! touch {home}/out 2>&1"))
    assert answer.is_good, answer.text


def test_a_command_is_ended_at_the_drills_deadline(copy: Path) -> None:
    (answer,) = asked(FILES, copy, timedelta(seconds=1), command=("sh", "-c", "echo slow; sleep 60"))
    assert not answer.is_good
    assert "did not end within the drill's deadline of 1s: slow" in answer.text


@pytest.mark.parametrize(
    ("used", "least", "most", "reason"),
    [
        (timedelta(), 3590, 3600, "nothing used"),
        (timedelta(minutes=50), 590, 600, "the rest of it"),
        (timedelta(hours=2), 0, 0, "over, and not below nothing"),
        (timedelta(hours=-2), 3590, 3600, "the clock was set back: the whole, and no more"),
    ],
)
def test_what_is_left_of_a_deadline(used: timedelta, least: float, most: float, reason: str) -> None:
    limit = TimeLimit.of(timedelta(hours=1), used)
    assert least <= limit.seconds_left <= most, reason
    assert str(limit) == "the drill's deadline of 1h"


def test_a_command_that_is_not_on_this_machine_says_nothing_about_the_copy(copy: Path) -> None:
    with pytest.raises(BackupError) as failure:
        asked(FILES, copy, command=("nonesuch-checker", "--all"))
    assert failure.value.fault is BackupFault.NO_ENGINE
    assert "nonesuch-checker" in str(failure.value)


def test_commands_are_asked_last_for_they_may_change_the_copy(copy: Path) -> None:
    expected = [Expectation(command=("rm", "-r", "srv")), Expectation(file="srv/app/conf/app.ini")]
    (copy / "srv").chmod(0o777)
    answers = answers_of(FILES, expected, RestoredCopy(copy, TAKEN, TimeLimit.of(timedelta(minutes=1))))
    assert answers[0] == Answer("srv/app/conf/app.ini is there", True)
    assert "rm -r srv" in answers[1].text
