"""What the doctor says of telling people."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from desk.services.checkups import notices as checkup
from desk.services.checkups.finding import State
from models import clock
from models.database import Database
from models.queries import notice_box, notices
from models.settings import Settings
from tests.desk.small_site import apply_site, write_site

Look = Callable[[], dict[str, tuple[State, str]]]
NOTICES = """
mail: {host: mx.example.org, sender: watch@example.org, user: w, password: "secret://smtp"}
receivers:
  deck-desk: {tell: [{mail: deck@example.org}, {chat: "secret://pager"}]}
"""


@pytest.fixture
def look(harbour: Database, site_folder: Path, surroundings: dict[str, str]) -> Look:
    """What is found, by what was looked at."""
    write_site(site_folder)

    def looked() -> dict[str, tuple[State, str]]:
        return {one.what: (one.state, one.text) for one in checkup.look(Settings(site=site_folder))}

    return looked


def secret(name: str) -> None:
    folder = Settings().secrets_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("value\n")
    (folder / name).chmod(0o600)


def test_a_site_without_receivers_is_a_warning(look: Look) -> None:
    assert look() == {
        "receivers": (State.WARN, "nobody hears of incidents"),
        "told": (State.OK, "nobody waits for a notice"),
    }


def test_a_secret_that_is_not_there_is_a_failure(look: Look, site_folder: Path) -> None:
    write_site(site_folder, notices=NOTICES)
    assert look()["receivers"][0] is State.FAIL
    secret("pager")
    assert "secret://smtp: no such file" in look()["receivers"][1]
    secret("smtp")
    assert look()["receivers"] == (State.OK, "1 receiver, their secrets are there")


def test_what_could_not_be_told_is_said_with_the_last_reason(look: Look, harbour: Database, site_folder: Path) -> None:
    apply_site(harbour, write_site(site_folder, notices=NOTICES), clock.now() - timedelta(hours=1))
    now = clock.now()
    with harbour.write() as session:
        mail, pager = notices.trial(session, "deck-desk", "ada", now)
        notice_box.not_sent(session, mail, "mx: connection refused", now, permanent=False)
    assert look()["told"] == (State.WARN, "1 notice could not be sent yet: mx: connection refused")
    with harbour.write() as session:
        for row, error in ((mail, "550 no such user"), (pager, "no address")):
            notice_box.not_sent(session, session.merge(row), error, now, permanent=True)
    assert look()["told"] == (State.FAIL, "2 notices of the last day failed, the last: no address")


def test_a_wrong_site_is_left_to_the_look_at_the_site(look: Look, site_folder: Path) -> None:
    (site_folder / "notices.yaml").write_text("nothing: 1\n")
    assert look() == {}
