"""Every line of shell on the page about sending events works as it stands there, with a real desk and real curl."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from models.database import Database
from models.settings import CHECKOUT
from models.vocabulary import EventFormat
from tests.drills.ingest_lab import SIGNING_KEY, TOKEN, running_desk
from tests.servers import need

pytestmark = pytest.mark.drill
PAGE = CHECKOUT / "docs" / "how-to" / "send-events.md"


def test_every_line_of_the_page_works(sqlite: Database, tmp_path: Path) -> None:
    need("curl")
    blocks = re.findall(r"(?ms)^ *```sh\n(.*?)^ *```$", PAGE.read_text(encoding="utf-8"))
    with running_desk(tmp_path, sqlite) as desk:
        environment = {**os.environ, "DESK": desk.url, "TOKEN": TOKEN, "KEY": SIGNING_KEY}
        for block in blocks:
            command = ["sh", "-euc", block]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
            assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        events = desk.events()
    assert {event.format for event in events} == set(EventFormat)
    assert len(events) == "".join(blocks).count("curl -fsS") - 1, "one each, and none of /health"
