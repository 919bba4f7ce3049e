"""Whether a part lives, as the supervisor asks it."""

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from deployments.engine.up import alive
from models import clock
from models.database import Database
from models.queries import heartbeats
from models.settings import Settings


def test_a_sign_of_life_from_before_a_fall_does_not_count_after_it(sqlite: Database, tmp_path: Path) -> None:
    lives = alive("planner", Settings(home=tmp_path, database_url=SecretStr(str(sqlite.url))))

    def beat(later: timedelta = timedelta(0), part: str = "planner") -> None:
        with sqlite.write() as session:
            heartbeats.beat(session, part, clock.now() + later)

    beat(timedelta(seconds=-1))
    assert not lives(), "that was another process"
    beat(part="relay")
    assert not lives()
    beat()
    assert lives()
    assert not lives(), "asked again, it fell: it must say so anew"
    beat()
    assert lives()
