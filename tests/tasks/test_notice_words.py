"""The words of notices: what is wrong for whom since when, what is next, who owns it; in text and as a page."""

import re
from dataclasses import asdict, replace
from typing import Any

import pytest

from models.queries import notices as wishes
from models.settings import CHECKOUT
from models.vocabulary import NoticeTag
from tasks.notices import KINDS, SHAPES
from tasks.tools.rendering import Notice, render_notice
from tests.house.documents import command_paths
from tests.notice_samples import FIRING, INCIDENT, MAJOR, OTHERS, little, sample
from tests.tasks.test_rendering import ATTACK, HOSTILE, Page

TEMPLATES = CHECKOUT / "templates"
JOB_TAGS = {*wishes.TAGS.values(), "run-failed"}
INCIDENT_TAGS = sorted(tag for tag in NoticeTag if tag not in SHAPES)


def rendered(tag: str, facts: Any) -> Notice:
    return render_notice(tag, facts, TEMPLATES, "Europe/Berlin")


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_notice_has_its_three_files_and_every_folder_its_notice() -> None:
    folders = {path.name for path in (TEMPLATES / "notices").glob("[!_]*")}
    assert folders == JOB_TAGS | set(NoticeTag) == set(KINDS)
    for tag in folders:
        files = {path.name for path in (TEMPLATES / "notices" / tag).iterdir()}
        assert files == {"subject.txt", "body.txt", "body.html"}, tag


@pytest.mark.parametrize("tag", NoticeTag)
@pytest.mark.parametrize("known", [sample, little], ids=["everything known", "little known"])
def test_every_notice_renders(tag: str, known: Any) -> None:
    notice = rendered(tag, known(tag))
    assert "\n" not in notice.subject
    assert max(map(len, notice.text.splitlines())) <= 72
    assert not [line for line in notice.text.splitlines() if line != line.rstrip() and line != "-- "]
    assert not re.search(r"<[a-z/]", notice.text), "text holds no HTML"
    assert "None" not in notice.text + notice.html
    assert "\n\n\n" not in notice.text
    for body in (notice.text, notice.html):
        assert "Next step" in body
        assert "Harbour Lab" in body
    page = Page(notice.html)
    assert {name for name, _ in page.tags} & {"script", "img", "link", "form"} == set()
    assert all("scope" in header for header in page.all("th"))


@pytest.mark.parametrize("tag", INCIDENT_TAGS)
def test_the_first_line_says_what_is_wrong_for_whom_since_when_and_who_owns_it(tag: str) -> None:
    notice = rendered(tag, sample(tag))
    first = flat(notice.text.split("\n\n")[0])
    assert "Checkout is down. Web shop, since 21 Nov 10:12." in first
    if tag not in ("incident-resolved", "incident-closed"):
        assert first.endswith("Ann Bell owns it.")
    assert first in flat("".join(Page(notice.html).text))


@pytest.mark.parametrize("tag", INCIDENT_TAGS)
def test_all_notices_of_an_incident_have_one_subject_so_that_mail_programs_see_one_thread(tag: str) -> None:
    assert rendered(tag, sample(tag)).subject == "[INC000123] Checkout is down"


@pytest.mark.parametrize(
    ("changes", "words", "why"),
    [
        ({}, "Ann Bell owns it.", "a person"),
        ({"owner": None}, "Shop team has it; nobody works on it yet.", "a team"),
        ({"owner": None, "team": None}, "Nobody owns it.", "nobody"),
        ({"title": "Is it down?"}, "P1 opened: Is it down? Web shop", "a title that ends with a mark of its own"),
        ({"is_drill": True}, "Drill. P1 opened: Checkout is down.", "a drill is no alarm"),
        ({"service": None}, "Checkout is down. Since 21 Nov 10:12.", "no service"),
    ],
)
def test_who_owns_an_incident_is_said(changes: dict[str, Any], words: str, why: str) -> None:
    assert words in flat(rendered("incident-opened", replace(INCIDENT, **changes)).text), why


def test_a_drill_is_seen_in_the_subject() -> None:
    assert (
        rendered("incident-opened", replace(INCIDENT, is_drill=True)).subject == "[INC000123] Drill: Checkout is down"
    )


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("incident-opened", "We have your report: Checkout is down."),
        ("incident-opened", "you hear from us when it is solved. On the phone, name INC000123."),
        ("incident-resolved", "Is it not solved? Tell us, and we open it again."),
        ("incident-closed", "from 1 (bad) to 5 (good), and a line why if you like"),
        ("incident-closed", "the code s3cret-token"),
        ("incident-closed", 'watchbill incident survey s3cret-token --score 5 --words "why"'),
        ("incident-reopened", "nothing: we work on it again."),
    ],
)
def test_the_caller_is_told_in_the_callers_words(tag: str, words: str) -> None:
    notice = rendered(tag, replace(sample(tag), you="caller", survey="s3cret-token"))
    assert words in flat(notice.text)
    assert words in flat("".join(Page(notice.html).text))
    for inside in ("web1", "impact", "watchbill incident show"):
        assert inside not in notice.text + notice.html, "what is only for those who mend"


def test_only_the_caller_is_asked_how_content_he_is() -> None:
    facts = replace(sample("incident-closed"), you=None, survey="s3cret-token")
    assert "s3cret-token" not in rendered("incident-closed", facts).text


def test_the_new_owner_is_told_that_it_is_theirs() -> None:
    facts = replace(INCIDENT, you="owner")
    assert "This is yours now: Checkout is down." in rendered("incident-assigned", facts).text
    assert "It goes to Shop team:" in rendered("incident-assigned", INCIDENT).text


def test_an_update_is_written_for_its_audience() -> None:
    board = flat(rendered("major-update", MAJOR).text)
    assert "Update due Sat 21 Nov 2026, 11:10 CET" in board
    assert "ask Dora Diaz" in board
    assert "web1" not in board
    assert "web1" in rendered("major-update", replace(MAJOR, audience="technical")).text
    due = flat(rendered("major-update-due", MAJOR).text)
    assert "The next update for the board audience is due" in due
    assert "watchbill incident major tell INC000123 --audience board" in due
    assert "watchbill incident major review INC000123 --text" in flat(rendered("major-review-due", MAJOR).text)


def test_alerts_are_told_together_and_what_is_left_out_is_counted() -> None:
    text = flat(rendered("alert-group", OTHERS["alert-group"]).text)
    assert (
        "3 alerts firing, 1 over: HighErrorRate, shop. Web shop, since 21 Nov 10:31. INC000123 is open for it." in text
    )
    assert "Firing HighErrorRate on web1: 5xx above 5 % for 5 min (critical, since 21 Nov 10:31)" in text
    assert "And 2 other alerts" in text
    assert text.count("service=shop") == 1
    over = replace(OTHERS["alert-group"], firing=0, resolved=1, alerts=(replace(FIRING, state="resolved"),))
    assert flat(rendered("alert-group", over).text).startswith("All over: HighErrorRate, shop.")


def test_a_digest_tells_each_thing_with_its_time() -> None:
    text = flat(rendered("digest", OTHERS["digest"]).text)
    assert "3 things happened while it was quiet (quiet outside of office), since 21 Nov 01:40." in text
    assert "21 Nov 08:40 INC000121 opened: Printer without toner and 1 more thing" in text


def test_a_time_inside_a_text_is_said_in_the_sites_zone() -> None:
    facts = replace(INCIDENT, text="to resolve until 2026-11-21T12:12Z")
    assert "to resolve until 21 Nov 13:12" in rendered("incident-warning", facts).text


def test_every_command_that_a_notice_names_exists() -> None:
    known = command_paths()
    named = {
        tuple(words.split())
        for file in (TEMPLATES / "notices").rglob("body.txt")
        for words in re.findall(r"`watchbill ([a-z][a-z -]*)", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert [words for words in sorted(named) if words[:2] not in known and words[:1] != ("doctor",)] == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("tag", NoticeTag)
def test_a_notice_made_of_hostile_text_does_nothing(tag: str, text: str) -> None:
    facts = sample(tag)
    texts = {name: text for name, value in asdict(facts).items() if isinstance(value, str) and name != "priority"}
    notice = rendered(tag, replace(facts, **texts))
    assert ATTACK.findall(notice.subject + notice.text + notice.html) == []
    assert "\n" not in notice.subject, "no mail header can be added"
    assert {name for name, _ in Page(notice.html).tags} & {"script", "img", "svg"} == set()


def test_an_approver_reads_what_would_change_line_by_line() -> None:
    notice = rendered("approval-asked", sample("approval-asked"))
    assert "web1: + editor 3.1\nweb2: no change" in notice.html
    assert "web1: + editor 3.1; web2: no change" in flat(notice.text)
