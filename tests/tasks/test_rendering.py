"""Reports and notices: true to their values, the same bytes twice, harmless whatever the text, readable anywhere."""

import dataclasses
import errno
import html.parser
import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from models.database import Database
from models.errors import NotFound, WatchbillError
from models.queries import notices as wishes
from models.queries.daily_operations import DailyOperations
from models.queries.daily_operations.content import Count
from models.records import Alarm, DrillRow, Run
from models.settings import CHECKOUT
from models.vocabulary import AlarmKind, HostFault, Outcome, SlotState
from tasks.notices import NoticeFacts
from tasks.tools import wording
from tasks.tools.rendering import (
    TemplateBroken,
    render_notice,
    render_report,
    report_names,
    version_of,
    write_report,
)
from tests.records.backup_month import eventful_month
from tests.records.night import NOW, Night, at, eventful

TEMPLATES = CHECKOUT / "templates"
NAME = "daily-operations"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\x1b[2J\x1b[31mred\x07 \x9b31m",
    "=cmd|' /C calc'!A0",
    "right\u202eto left\u2066 \u200b\ufeff",
    "{{ 7*7 }} {% raw %} ''.__class__",
    "one\r\ntwo\x00three\x85four\u2028five",
    "javascript:alert(3)",
    "'\"><svg onload=alert(4)>",
)
ATTACK = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]")


@pytest.fixture
def log(sqlite: Database) -> DailyOperations:
    return eventful(sqlite).log()


class Page(html.parser.HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def page_of(content: DailyOperations) -> Page:
    return Page(render_report(NAME, content, TEMPLATES)["html"].decode())


def test_a_report_comes_as_page_as_text_and_with_its_rows(log: DailyOperations) -> None:
    rendered = render_report(NAME, log, TEMPLATES)
    assert sorted(rendered) == ["html", "json", "txt"]
    for words in ("27 of 30 expected runs ended well", "no route to 10.0.4.3 port 22", "kill unconfirmed"):
        assert words in rendered["html"].decode()
    text = " ".join(rendered["txt"].decode().split())
    for words in ("27 of 30 expected runs ended well", "no route to 10.0.4.3 port 22", "KILL UNCONFIRMED", "adds up"):
        assert words in text


def test_the_same_values_give_the_same_bytes(log: DailyOperations) -> None:
    assert render_report(NAME, log, TEMPLATES) == render_report(NAME, log, TEMPLATES)


def test_the_same_rows_give_the_same_bytes(sqlite: Database) -> None:
    night = eventful(sqlite)
    assert render_report(NAME, night.log(), TEMPLATES) == render_report(NAME, night.log(), TEMPLATES)


def test_every_figure_can_be_traced_to_its_rows(log: DailyOperations) -> None:
    facts = json.loads(render_report(NAME, log, TEMPLATES)["json"])
    assert facts["template_sha256"] == version_of(TEMPLATES, "reports", NAME)
    assert facts["made_at"] == NOW.isoformat()
    failed = facts["content"]["counts"]["failed"]
    assert failed["number"] == len(failed["runs"]) == 2
    assert facts["content"]["took_all"]["longest"] == 7800.0, "time spans in seconds"


def test_the_version_changes_with_any_byte_of_the_template(tmp_path: Path) -> None:
    for folder in ("_base", "one", "two"):
        (tmp_path / "reports" / folder).mkdir(parents=True)
        (tmp_path / "reports" / folder / "report.txt").write_text("a")
    first = version_of(tmp_path, "reports", "one")
    (tmp_path / "reports" / "two" / "report.txt").write_text("b")
    assert version_of(tmp_path, "reports", "one") == first, "another report's template"
    (tmp_path / "reports" / "_base" / "report.txt").write_text("b")
    assert version_of(tmp_path, "reports", "one") != first


def test_the_text_fits_on_a_narrow_screen(log: DailyOperations) -> None:
    lines = render_report(NAME, log, TEMPLATES)["txt"].decode().splitlines()
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line != line.rstrip()], "no blank at a line's end"


def test_a_page_needs_nothing_from_outside_and_runs_nothing(log: DailyOperations) -> None:
    page = page_of(log)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    assert not re.search(r"url\(|@import", (TEMPLATES / "reports/_base/style.css").read_text())
    policy = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_a_page_can_be_read_without_eyes_and_without_colour(log: DailyOperations) -> None:
    page = page_of(log)
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("caption")) == len(page.all("table")), "each table says what it shows"
    assert all("scope" in header for header in page.all("th"))
    assert len(page.all("h1")) == 1
    named = [attributes.get("aria-label") or "" for attributes in page.all("svg")]
    assert any("sync-mirror: Sun 8 Nov ok" in name and "Sat 21 Nov kill unconfirmed" in name for name in named)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_each_id_is_there_once_and_each_section_finds_its_heading(log: DailyOperations) -> None:
    page = page_of(log)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {section["aria-labelledby"] for section in page.all("section")} <= set(ids)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(sqlite: Database, text: str) -> None:
    content = _hostile_night(sqlite, text).log()
    rendered = render_report(NAME, content, TEMPLATES)
    page = Page(rendered["html"].decode())
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    assert [link["href"] for link in page.all("a") if not (link["href"] or "").startswith("https://")] == []
    for format_name, body in rendered.items():
        assert ATTACK.findall(body.decode()) == [], format_name
    assert b"\x1b" not in rendered["json"]
    assert rendered["json"].isascii()
    if "7*7" in text:
        assert "{{ 7*7 }}" in rendered["txt"].decode(), "data is no template"


def _hostile_night(database: Database, text: str) -> Night:
    night = Night(database)
    with night.at_once():
        night.site(title=text)
        night.service("shop", text, 1)
        night.job("dump-db", title=text, owner=text, runbook=text, service="shop")
        run = night.ran("dump-db", at(20), Outcome.PARTIAL, summary=text)
        night.step(run, text[:60], Outcome.FAILED, fault=HostFault.AUTH, first_error_line=text, message=text)
        night.slot("dump-db", at(21), SlotState.MISSED, reason=text)
        night.slot("dump-db", at(29), SlotState.LATE, was_late=True, reason=text)
        night.slot("dump-db", at(32), SlotState.SKIPPED, reason=text)
        night.run("dump-db", at(29), None, queue_reason=text)
        alarm = Alarm(job="dump-db", kind=AlarmKind.NO_SUCCESS, raised_at=at(20), last_seen_at=at(21), text=text)
        night.add(alarm)
    return night


def test_every_time_of_a_report_is_in_the_sites_zone(log: DailyOperations) -> None:
    made = render_report(NAME, log, TEMPLATES)
    for suffix in ("html", "txt"):
        text = " ".join(re.sub(r"<time[^>]*>", "", made[suffix].decode()).split())
        assert "no success since 19 Nov 05:10; one is expected" in text, "04:10 UTC in Berlin"
        assert re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ|\d UTC", text) == []
    assert "2026-11-19T04:10Z" in made["json"].decode(), "programs read the instant"


def test_backups_are_in_the_log_of_a_site_that_has_plans_and_in_no_other(log: DailyOperations) -> None:
    bare = render_report(NAME, log, TEMPLATES)
    assert not re.search("backups", (bare["html"] + bare["txt"]).decode(), re.IGNORECASE)


def test_the_log_tells_each_backup_plan_in_one_line(sqlite: Database, tmp_path: Path) -> None:
    made = render_report(NAME, eventful_month(sqlite, tmp_path / "site").log(), TEMPLATES)
    text = " ".join(made["txt"].decode().split())
    assert "RED lab: no restore point is proven newest 4 h, proven NEVER, this period 12.1 GiB (RUN000095)" in text
    assert text.index("RED mail:") < text.index("GREEN shop-db:"), "the worst first"


def test_the_log_tells_that_a_backup_was_taken_up_again(sqlite: Database, tmp_path: Path) -> None:
    month = eventful_month(sqlite, tmp_path / "site")
    with sqlite.write() as session:
        session.execute(update(Run).where(Run.id == 95).values(fence=2))
    made = render_report(NAME, month.log(), TEMPLATES)
    assert "12.1 GiB (RUN000095, taken up again)" in " ".join(made["txt"].decode().split())
    assert made["html"].decode().count("taken up again") == 1
    words = " ".join(" ".join(Page(made["html"].decode()).text).split())
    assert re.search(r"lab Notebooks of the lab red no restore point is proven 4 h never 12.1 GiB RUN000095", words)


def test_no_report_cuts_off_which_point_to_use_instead(sqlite: Database, tmp_path: Path) -> None:
    month = eventful_month(sqlite, tmp_path / "site")
    long = "the archive: repository damaged: it cannot be decompressed (the restored data do not match); " * 5
    with sqlite.write() as session:
        failed = DrillRow.plan == "mail", DrillRow.outcome == Outcome.FAILED
        session.execute(update(DrillRow).where(*failed).values(reason=long))
    for name, report in ((NAME, month.log()), ("backup-evidence", month.evidence())):
        made = render_report(name, report, TEMPLATES)
        for suffix in ("html", "txt"):
            text = " ".join(made[suffix].decode().split())
            told = len(re.findall(r"the drill of \w+ failed", text))
            assert told >= 2, "under what needs you, and beside the plan"
            assert (
                len(re.findall(r"the drill of \w+ failed \(the last proven point is \w+\): the archive", text)) == told
            )


def test_the_evidence_says_who_can_open_a_repository_and_where_its_key_is_kept(
    sqlite: Database, tmp_path: Path
) -> None:
    made = render_report("backup-evidence", eventful_month(sqlite, tmp_path / "site").evidence(), TEMPLATES)
    text = " ".join(made["txt"].decode().split())
    assert "May run jobs, restores among them: Ann." in text
    assert "away: ops (Ann); opened by secret://away (AES-256 by restic); copy of the key: NONE IS NOTED" in text
    kept = "copy of the key: Envelope 12 in the safe., opened with it on 2026-09-30"
    assert f"vault: ops (Ann); opened by secret://vault (AES-256 by restic); {kept}" in text
    words = " ".join(" ".join(Page(made["html"].decode()).text).split())
    assert "away ops Ann secret://away AES-256 by restic none is noted" in words
    assert "Envelope 12 in the safe. opened with it on 2026-09-30" in words


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_keeps_a_character_that_acts(text: str) -> None:
    said = wording.harmless(text)
    assert ATTACK.findall(said) == []
    assert "\n" not in said
    assert wording.harmless(said) == said, "once is enough"


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        ("plain words", "plain words", "left alone"),
        ("Grüße, Ελλάδα, 日本 \N{PILE OF POO}", "Grüße, Ελλάδα, 日本 \N{PILE OF POO}", "every script is welcome"),
        ("a\tb\r\nc", "a b c", "one line"),
        ("\x1b[31mred", "\\x1b[31mred", "shown, not sent"),
        ("a\u202eb", "a\\u202eb", "does not turn the line around"),
        ("a\ue000b\U000e0001", "a\\ue000b\\U000e0001", "what has no shape is shown by its number"),
    ],
)
def test_text_is_made_harmless_and_stays_readable(text: str, said: str, why: str) -> None:
    assert wording.harmless(text) == said, why


def test_cleaning_reaches_every_depth_and_keeps_what_is_not_text() -> None:
    @dataclasses.dataclass(frozen=True)
    class Inner:
        name: str
        when: datetime

    @dataclasses.dataclass(frozen=True)
    class Outer:
        items: tuple[Inner, ...]
        by_word: dict[Outcome, str]

    cleaned = wording.cleaned(Outer((Inner("a\x07", NOW),), {Outcome.OK: "\x1b"}))
    assert cleaned == Outer((Inner("a\\x07", NOW),), {Outcome.OK: "\\x1b"})


@pytest.mark.parametrize(
    ("number", "of", "said", "why"),
    [
        (0, 0, "no data", "never 0 % or 100 % of nothing"),
        (3, 4, "3 of 4", "below ten no percentage"),
        (9, 9, "9 of 9", "below ten no percentage"),
        (9, 10, "90 % (9 of 10)", "from ten on"),
        (999, 1000, "99 % (999 of 1000)", "100 % means all"),
        (1, 1000, "1 % (1 of 1000)", "0 % means none"),
        (0, 20, "0 % (0 of 20)", "none"),
        (20, 20, "100 % (20 of 20)", "all"),
    ],
)
def test_a_share_is_honest_about_small_numbers(number: int, of: int, said: str, why: str) -> None:
    assert wording.share(Count(number, of)) == said, why


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=420), "0.4 s"),
        (timedelta(seconds=9.96), "10 s"),
        (timedelta(seconds=59.7), "1 min"),
        (timedelta(seconds=64), "1 min 04 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(hours=2, minutes=5, seconds=50), "2 h 05 min"),
        (timedelta(days=3, hours=2, minutes=59), "3 d 2 h"),
        (timedelta(seconds=-12), "-12 s"),
    ],
)
def test_a_time_span_is_said_in_at_most_two_units(length: timedelta, said: str) -> None:
    assert wording.span(length) == said


def test_times_are_said_in_the_sites_zone_with_its_name() -> None:
    clock = wording.Clock("Europe/Berlin")
    winter, summer = datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock.in_full(winter) == "Sun 25 Oct 2026, 02:30 CET"
    assert clock.in_full(summer) == "Sun 25 Oct 2026, 02:30 CEST"
    assert clock.briefly(winter) == "25 Oct 02:30"
    assert clock.machine(summer) == "2026-10-25T02:30:00+02:00"
    assert wording.day_of_strip(date(2026, 11, 8)) == "Sun 8 Nov"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), ""),
        ((7,), "RUN000007"),
        ((5, 3, 4, 9), "RUN000003 to RUN000005, RUN000009"),
        (tuple(range(1, 40, 2)), "RUN000001, RUN000003, RUN000005, RUN000007, RUN000009, RUN000011 and 14 more"),
    ],
)
def test_run_numbers_are_joined_where_they_follow_each_other(keys: tuple[int, ...], said: str) -> None:
    assert wording.run_numbers(keys) == said


def test_an_unknown_report_names_the_known_ones(log: DailyOperations) -> None:
    with pytest.raises(NotFound, match="known: backup-evidence, daily-operations"):
        render_report("../reports/daily-operations", log, TEMPLATES)
    assert report_names(TEMPLATES) == ["backup-evidence", NAME, "problems"]


def test_a_template_that_asks_for_what_is_not_there_is_an_error(tmp_path: Path, log: DailyOperations) -> None:
    folder = tmp_path / "reports" / "broken"
    folder.mkdir(parents=True)
    (folder / "report.txt").write_text("{{ report.nothing_like_it }}")
    with pytest.raises(TemplateBroken, match=r"reports/broken/report.txt.*nothing_like_it"):
        render_report("broken", log, tmp_path)


def test_no_template_switches_escaping_off() -> None:
    for path in sorted(TEMPLATES.rglob("*")):
        if path.is_file():
            body = path.read_text()
            assert not re.search(r"\|\s*safe\b|autoescape|Markup|\|\s*attr\b", body), path


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    first = write_report(tmp_path / "new", {"txt": b"one", "html": b"two"})
    assert [path.name for path in first] == ["report.html", "report.txt"]
    write_report(tmp_path / "new", {"txt": b"three"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        "report.html": b"two",
        "report.txt": b"three",
    }, "nothing temporary is left"


def test_a_full_disk_leaves_the_last_report_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(tmp_path, {"txt": b"yesterday"})

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WatchbillError, match="cannot be written: No space left on device"):
        write_report(tmp_path, {"txt": b"today"})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("report.txt", b"yesterday")]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WatchbillError, match="the report cannot be written"):
        write_report(tmp_path / "taken", {"txt": b"one"})


FACTS = NoticeFacts(
    site="Harbour Lab",
    zone="Europe/Berlin",
    job="import-orders",
    title="Import the orders of the day",
    event="partial",
    text="1 of 8 hosts: app3 unreachable",
    at=NOW,
    run="RUN000080",
    attempt=3,
    owner="shop-team",
    runbook="Look at the queue first. " * 12,
    hosts=("app3", "app4"),
    first_error_line="no route to host",
)
LITTLE = dataclasses.replace(FACTS, run=None, attempt=None, owner=None, runbook=None, hosts=(), first_error_line=None)


TAGS = sorted({*wishes.TAGS.values(), "run-failed"})


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("facts", [FACTS, LITTLE], ids=["everything known", "little known"])
def test_every_notice_renders_and_says_what_matters(tag: str, facts: NoticeFacts) -> None:
    notice = render_notice(tag, facts, TEMPLATES, facts.zone)
    assert "\n" not in notice.subject
    assert "import-orders" in notice.subject
    assert max(map(len, notice.text.splitlines())) <= 72
    assert not re.search(r"<[a-z/]", notice.text), "text holds no HTML"
    for words in ("import-orders", "1 of 8 hosts: app3 unreachable", "Sat 21 Nov 2026, 07:00 CET", "Next step"):
        assert words in notice.text
        assert words in notice.html
    if facts is FACTS:
        for words in ("app3, app4", "no route to host", "shop-team", "RUN000080"):
            assert words in notice.text
            assert words in notice.html
    assert "None" not in notice.text + notice.html


def test_a_time_in_a_notice_is_in_the_sites_zone() -> None:
    facts = dataclasses.replace(FACTS, text="due at 2026-11-21T05:52Z and not started")
    notice = render_notice("run-late", facts, TEMPLATES, facts.zone)
    assert "due at 21 Nov 06:52 and not started" in notice.text
    assert "due at 21 Nov 06:52 and not started" in notice.html


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_notice_made_of_hostile_text_does_nothing(text: str) -> None:
    facts = dataclasses.replace(FACTS, title=text, text=text, first_error_line=text, hosts=(text,), event=text)
    notice = render_notice("run-failed", facts, TEMPLATES, facts.zone)
    assert ATTACK.findall(notice.subject + notice.text + notice.html) == []
    assert "\n" not in notice.subject, "no mail header can be added"
    assert {tag for tag, _ in Page(notice.html).tags} & {"script", "img", "svg"} == set()


@pytest.mark.parametrize("tag", ["nothing", "_base", "../reports/daily-operations", ""])
def test_an_unknown_notice_is_refused(tag: str) -> None:
    with pytest.raises(NotFound, match="there is no notice"):
        render_notice(tag, FACTS, TEMPLATES, "UTC")
