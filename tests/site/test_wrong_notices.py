"""notices.yaml: what the check says of a wrong one, each with its place."""

import re
from pathlib import Path

import pytest

from models.rules.notices import QuietHours, Wish
from models.site.loading import load_site
from models.site.notices import MailServer, Security
from models.site.site import from_spec
from models.site.starting import write_starter
from models.vocabulary import NoticeTag, WhenQuiet
from tests.site.folders import complaints, write_site

MAIL = "mail: {host: smtp.example.org, sender: Watchbill <watchbill@example.org>}\n"
PEOPLE = (
    "teams:\n  web-team: {title: Web team, mail: web@example.org}\n  dba: {title: Databases}\n"
    "people:\n  anna: {name: Anna Berg, mail: anna@example.org}\n  otto: {name: Otto Ohm}\n"
)


def said(folder: Path, text: str) -> list[str]:
    return complaints(write_site(folder, {"notices.yaml": text, "people.yaml": PEOPLE}))


def one(place: str) -> str:
    """A file with one receiver that has one address, on line 5."""
    return f"{MAIL}receivers:\n  desk:\n    tell:\n      - {{{place}}}\n"


def test_a_site_without_the_file_tells_by_its_jobs_wishes_alone(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, {}))
    assert (dict(site.mail), dict(site.receivers)) == ({}, {})


def test_everything_that_the_file_can_say(tmp_path: Path) -> None:
    text = (
        "mail: {host: mx, port: 2525, security: tls, user: w, password: 'secret://smtp', reply_to: desk@example.org,\n"
        "  certificates: /etc/ssl/own.pem, sender: 'Wache, Süd <w@mail.example.org>'}\n"
        "receivers:\n  desk:\n    title: The desk\n    teams: [web-team]\n    catch_all: true\n    tell:\n"
        "      - {team: web-team, notices: [incident-opened], least_priority: P2}\n"
        "      - {person: anna, audience: board}\n"
        "      - {chat: 'secret://chat', quiet: {outside: [office], urgent: [major, P1], then: drop}}\n"
    )
    site = load_site(write_site(tmp_path, {"notices.yaml": text, "people.yaml": PEOPLE}))
    server, desk = site.mail["mail"], site.receivers["desk"]
    assert (server.sender_name, server.sender_address, server.domain) == (
        "Wache, Süd",
        "w@mail.example.org",
        "mail.example.org",
    )
    assert [place.wish for place in desk.tell] == [
        Wish((NoticeTag.INCIDENT_OPENED,), "P2"),
        Wish(audience="board"),
        Wish(quiet=QuietHours(outside=("office",), urgent=("major", "P1"), then=WhenQuiet.DROP)),
    ]
    entries = {entry.kind: entry for entry in site.entries() if entry.kind in ("mail", "receiver")}
    assert from_spec("mail", entries["mail"].spec) == server
    assert from_spec("receiver", entries["receiver"].spec) == desk


@pytest.mark.parametrize(
    ("security", "port"), [(Security.STARTTLS, 587), (Security.TLS, 465), (Security.NONE, 25)], ids=str
)
def test_a_mail_server_has_the_usual_port(security: Security, port: int) -> None:
    assert MailServer(host="mx", sender="w@example.org", security=security).port_used == port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (one("chat: 'https://hook'"), "5:16: receivers.desk.tell.0.chat: must be a reference like secret://name"),
        (one("notices: [test]"), "5:9: receivers.desk.tell.0: must have one of team, person, mail, chat; it has none"),
        (
            one("mail: a@b.c, person: anna"),
            "5:9: receivers.desk.tell.0: must have one of team, person, mail, chat; it has",
        ),
        (one("team: dba"), "5:16: receivers.desk.tell.0.team: the team dba has no mail address"),
        (one("person: otto"), "5:18: receivers.desk.tell.0.person: otto has no mail address"),
        (one("person: ana"), '5:18: receivers.desk.tell.0.person: no person "ana"; known: anna, otto; did you mean'),
        (one("mail: a@b.c, notices: [opened]"), "must be incident-opened, incident-assigned"),
        (one("mail: a@b.c, quiet: {}"), "receivers.desk.tell.0.quiet"),
        (
            one("mail: a@b.c, quiet: {during: [offise]}"),
            '5:40: receivers.desk.tell.0.quiet.during.0: no calendar and no time interval "offise"; known: office',
        ),
        (
            one("mail: a@b.c, least_priority: P9"),
            '5:39: receivers.desk.tell.0.least_priority: no priority "P9"; known: major',
        ),
        (
            one("mail: a@b.c, quiet: {during: [office], urgent: [critical, P0]}"),
            'receivers.desk.tell.0.quiet.urgent.1: no priority and no severity "P0"; known: major, P1',
        ),
        ("receivers: {desk: {tell: [{mail: a@b.c}]}}\n", "is told by mail, and the site has no `mail` section"),
        ("receivers: {desk: {tell: []}}\n", "receivers.desk.tell: must have at least 1 entries"),
        ("receivers: {desk: {teams: [web], tell: [{chat: 'secret://c'}]}}\n", 'receivers.desk.teams.0: no team "web"'),
        ("mail: {host: mx}\n", "mail.sender: is required"),
        ("mail: {host: mx, sender: nobody}\n", "mail.sender: must be one mail address, with or without a name"),
        ("mail: {host: mx, sender: a@b.c, user: w}\n", "mail.user: goes with password"),
        ("mail: {host: mx, sender: a@b.c, password: 'secret://p'}\n", "mail.password: goes with user"),
        ("mail: {host: mx, sender: a@b.c, password: hunter2, user: w}\n", "mail.password: must be a reference like"),
        (
            "mail: {host: mx, sender: a@b.c, user: w, password: 'secret://p', security: none}\n",
            "mail.password: would be readable on the line",
        ),
        ("mail: [mx]\n", "mail: must be a mapping"),
    ],
)
def test_a_wrong_file_is_said_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    found = said(tmp_path, text)
    assert any(words in line for line in found), found
    assert all(line.startswith("notices.yaml:") for line in found)
    assert "hunter2" not in " ".join(found), "what may be a secret is not repeated"


def test_a_name_that_is_a_calendar_and_a_time_interval_is_refused(tmp_path: Path) -> None:
    events = "time_intervals:\n  office: [{times: [{start_time: '09:00', end_time: '17:00'}]}]\n"
    files = {"notices.yaml": one("mail: a@b.c, quiet: {during: [office]}"), "events.yaml": events}
    assert any("is a calendar and a time interval too" in line for line in complaints(write_site(tmp_path, files)))


def test_an_audience_that_no_update_is_written_for_is_refused(tmp_path: Path) -> None:
    files = {
        "notices.yaml": one("mail: a@b.c, audience: bord"),
        "incidents.yaml": "handling: {major: {updates: {technical: 30m, board: 1h}}}\n",
    }
    (found,) = complaints(write_site(tmp_path, files))
    assert found.startswith('notices.yaml:5:33: receivers.desk.tell.0.audience: no audience "bord"; known: board, tech')


def test_what_the_starter_says_of_notices_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    assert dict(load_site(tmp_path / "ops").receivers) == {}
    file = tmp_path / "ops" / "notices.yaml"
    prose, _, rest = file.read_text().partition("\n# mail:")
    file.write_text(f"{prose}\nmail:" + re.sub(r"(?m)^( *)# ", r"\1", rest))
    site = load_site(tmp_path / "ops")
    assert (set(site.mail), set(site.receivers)) == ({"mail"}, {"operations-desk"})
