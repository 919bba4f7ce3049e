"""A mail as it is written: one thread, no forged header, the same bytes twice; and a server that hangs up too soon."""

import email
import email.policy
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.site.notices import MailServer, Security
from tasks.tools.mail import Envelope, compose, post
from tasks.tools.rendering import Notice
from tasks.tools.sending import AddressUnusable, NotDelivered
from tasks.tools.wording import harmless
from tests.tasks.sinks import SmtpSink, serving

AT = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
SERVER = MailServer(host="127.0.0.1", sender="Wache, Süd <watch@example.org>", security=Security.NONE)
LONG = "a-name-that-somebody-has-chosen.some.department.of.a.large.company.in.a.small.town.example.org"
NOTICE = Notice("Größe", "Text ä\n", "<p>ä</p>\n")


def written(notice: Notice = NOTICE, **more: str) -> EmailMessage:
    """The mail as its reader's program understands it."""
    envelope = Envelope(**{"to": "ops@example.org", "message_id": "<a@b>", "at": AT, **more})
    return email.message_from_bytes(compose(SERVER, envelope, notice).as_bytes(), policy=email.policy.default)


def test_an_id_of_any_length_is_read_as_it_was_written() -> None:
    own, first = (f"<{digit * 32}.harbour-lab@{LONG}>" for digit in "12")
    mail = written(message_id=own, thread=first)
    assert [mail[name] for name in ("Message-ID", "In-Reply-To", "References")] == [own, first, first]
    raw = compose(SERVER, Envelope("ops@example.org", own, AT, first), NOTICE).as_string()
    assert f"References: {first}\n" in raw.replace("\r\n", "\n"), "in one piece, for programs that unfold nothing"


def test_the_sender_may_have_any_name() -> None:
    mail = written()
    assert (mail["From"].addresses[0].display_name, mail["From"].addresses[0].addr_spec) == (
        "Wache, Süd",
        "watch@example.org",
    )


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=120))
def test_any_title_is_one_subject_and_no_other_header(title: str) -> None:
    subject = harmless(title)
    mail = written(Notice(subject, "text\n", "<p>page</p>\n"))
    assert mail["Subject"].split() == subject.split()
    assert set(mail) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize("to", ["a@b.c\r\nBcc: eve@example.org", "nobody", "a@b, c@d", ""])
def test_what_is_no_address_is_refused_before_it_is_written(to: str) -> None:
    with pytest.raises(AddressUnusable, match="cannot be written"):
        compose(SERVER, Envelope(to, "<a@b>", AT), NOTICE)


@given(st.from_regex(r"[^@\s,;<>]+@[^@\s,;<>]+", fullmatch=True))
def test_any_address_that_a_site_may_have_is_written_or_refused(to: str) -> None:
    try:
        raw = compose(SERVER, Envelope(to, "<a@b>", AT), NOTICE).as_bytes()
    except AddressUnusable:
        return
    assert len(email.message_from_bytes(raw, policy=email.policy.default).keys()) == 9


def test_a_line_break_that_nobody_took_out_is_refused() -> None:
    with pytest.raises(AddressUnusable, match="cannot be written"):
        compose(SERVER, Envelope("a@b.c", "<a@b>", AT), Notice("x\nBcc: eve@example.org", "", ""))


def test_a_server_that_hangs_up_after_it_took_the_mail_has_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: smtplib.SMTP) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", gone)
    with serving(SmtpSink()) as sink:
        post(
            SERVER.model_copy(update={"port": sink.port}), None, compose(SERVER, Envelope("a@b.c", "<a@b>", AT), NOTICE)
        )
        assert len(sink.mails) == 1


def test_certificates_that_are_not_there_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SERVER.model_copy(update={"certificates": "/no/such/file.pem", "port": 9})
    with pytest.raises(NotDelivered, match=r"No such file"):
        post(server, None, compose(SERVER, Envelope("a@b.c", "<a@b>", AT), NOTICE))
