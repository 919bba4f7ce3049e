"""Our retention against the restic of this machine: the same points, the same policies, the same answers."""

import json
import random
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest

from models.rules.calendar_span import CalendarSpan
from models.rules.restore_points import Point
from models.rules.retention import UNLIMITED, KeepPolicy, Semantics, keeps_oldest, retain
from tests.quick_restic import make_repository
from tests.servers import need

pytestmark = pytest.mark.drill

POINTS, POLICIES = 14, 14
_COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")


class Repository:
    """A repository with points at chosen times."""

    def __init__(self, folder: Path) -> None:
        self.restic, self.folder = need("restic"), folder
        (folder / "password").write_text("drill")
        (folder / "source").mkdir()
        make_repository(folder / "repository", "drill")
        words = self.ask("version").split()
        self.semantics = Semantics(keeps_oldest(words[1]))

    def ask(self, *words: str) -> str:
        command = [self.restic, "-r", self.folder / "repository", "--password-file", self.folder / "password"]
        place = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": str(self.folder)}
        cache = ["--cache-dir", self.folder / "cache"]
        whole = [*command, *cache, *words]
        done = subprocess.run(whole, check=False, capture_output=True, text=True, env=place, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def take(self, at: datetime, tags: tuple[str, ...]) -> None:
        tagged = [word for tag in tags for word in ("--tag", tag)]
        self.ask("backup", "--quiet", "--time", f"{at:%Y-%m-%d %H:%M:%S}", *tagged, str(self.folder / "source"))

    @cached_property
    def points(self) -> list[Point]:
        """Every point as restic lists it."""
        listed = json.loads(self.ask("snapshots", "--json"))
        return [
            Point(row["id"], "drill", datetime.fromisoformat(row["time"]), tags=tuple(row.get("tags") or ()))
            for row in listed
        ]

    def kept(self, policy: KeepPolicy) -> list[tuple[str, tuple[str, ...]]]:
        (group,) = json.loads(self.ask("forget", "--dry-run", "--json", "--group-by", "", *_options(policy)))
        return [(row["id"], tuple(why["matches"])) for row, why in zip(group["keep"], group["reasons"], strict=True)]


def _options(policy: KeepPolicy) -> list[str]:
    options = []
    for name in _COUNTS:
        if count := getattr(policy, name):
            options += [f"--keep-{name}", "100000" if count == UNLIMITED else str(count)]
    for name in ("within", *(f"within_{name}" for name in _COUNTS[1:])):
        if span := getattr(policy, name):
            options += [f"--keep-{name.replace('_', '-')}", str(span)]
    for tags in policy.tags:
        options += ["--keep-tag", ",".join(tags)]
    return options


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made, choose = Repository(tmp_path_factory.mktemp("retention")), random.Random(7)
    newest = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    for number in range(POINTS):
        age = timedelta(hours=choose.choice([1, 5, 30, 400, 3000]) * number / 4, minutes=number)
        made.take(newest - age, choose.choice([(), ("a",), ("a", "b")]))
    return made


def _policies() -> list[KeepPolicy]:
    choose = random.Random(11)
    found = [KeepPolicy(last=3), KeepPolicy(daily=2, yearly=9), KeepPolicy(within=CalendarSpan(months=1))]
    while len(found) < POLICIES:
        counts = {name: choose.choice([0, 0, 1, 2, 5, UNLIMITED]) for name in choose.sample(_COUNTS, 3)}
        name = choose.choice(["within", "within_daily", "within_weekly", "within_monthly", "within_yearly"])
        span = CalendarSpan(months=choose.randint(0, 14), days=choose.randint(0, 40), hours=choose.randint(1, 30))
        tags = choose.choice([(), (), (("a",),), (("a", "b"), ("a",))])
        found.append(KeepPolicy(**counts, **{name: choose.choice([None, span])}, tags=tags))
    return [policy for policy in found if not policy.is_empty]


@pytest.mark.parametrize("policy", _policies(), ids=str)
def test_we_keep_what_restic_keeps_for_the_same_reasons(repository: Repository, policy: KeepPolicy) -> None:
    ours = retain(repository.points, policy, repository.semantics, datetime(2026, 11, 21, tzinfo=UTC)).kept
    # restic 0.16 and 0.17 keep the oldest point and do not say that it is why.
    reasons = [(kept.point.key, tuple(reason.removeprefix("oldest ") for reason in kept.reasons)) for kept in ours]
    theirs = [(key, tuple(reason.removeprefix("oldest ") for reason in said)) for key, said in repository.kept(policy)]
    assert reasons == theirs
