"""What every command takes, and what it makes of it: settings, who acts, where to write."""

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter
from pydantic import ValidationError

from desk.cli.screen import Screen
from desk.services.errors import Misuse
from desk.services.plain import plain
from desk.services.small_words import hint
from models.rules.durations import parse_duration
from models.rules.wall_clock import to_instant, zone_of
from models.settings import Settings

COMMON_GROUP = Group("Common options", sort_key=100)
LONGEST_NAME = 100


@Parameter(name="*", group=COMMON_GROUP)
@dataclass(frozen=True)
class Surroundings:
    """Where a command works, and for whom."""

    site: Annotated[Path | None, Parameter(help="Folder of the site's files; or WATCHBILL_SITE.")] = None
    home: Annotated[Path | None, Parameter(help="State of this machine; or WATCHBILL_HOME.")] = None
    person: Annotated[
        str | None,
        Parameter(name="--as", help="Who acts, for the journal; or WATCHBILL_PERSON; else the login name."),
    ] = None
    no_color: Annotated[bool, Parameter(help="No colours; or NO_COLOR.")] = False

    def settings(self) -> Settings:
        """The settings of this call. Raises Misuse when the environment holds one that cannot be."""
        given: dict[str, Any] = {"site": self.site, "home": self.home}
        try:
            settings = Settings(**{name: value for name, value in given.items() if value is not None})
            settings.url()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = f"WATCHBILL_{'_'.join(map(str, first['loc'])).upper()}"
            raise Misuse(f"{name}: {first['msg']}") from None
        except ValueError as error:
            raise Misuse(str(error)) from None
        except OSError as error:
            raise Misuse(f"WATCHBILL_DATABASE_URL_FILE: {error.filename}: {error.strerror}") from None
        return settings

    def who(self) -> str:
        """The person who acts. Raises Misuse for a name that no journal can carry."""
        name = (self.person or os.environ.get("WATCHBILL_PERSON") or _login_name()).strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Misuse(f"--as {name[:40]!r}: the name of a person has 1 to {LONGEST_NAME} printable characters")
        return name


@Parameter(name="*", group=COMMON_GROUP)
@dataclass(frozen=True)
class Common(Surroundings):
    """The options that every command has."""

    json: Annotated[bool, Parameter(help="One JSON document on standard output.")] = False

    def screen(self) -> Screen:
        """Where this call writes."""
        return Screen(as_json=self.json, colour=not self.no_color)


@dataclass(frozen=True)
class Listed:
    """Writes what a list command found, unless a table for people is wanted."""

    screen: Screen
    keys: tuple[str, ...]
    quiet: bool

    def wrote(self, found: object, rows: Sequence[object], name: str = "name") -> bool:
        """Whether all is written: JSON (the whole `found`, or the wanted keys of each row) or the names, each once.

        Raises Misuse for a key that the rows do not have.
        """
        if self.quiet:
            names = dict.fromkeys(str(row if isinstance(row, str) else getattr(row, name)) for row in rows)
            self.screen.show(*names)
        elif self.keys:
            self.screen.json([self._chosen(plain(row)) for row in rows])
        elif self.screen.as_json:
            self.screen.json(found)
        return self.quiet or self.screen.as_json

    def _chosen(self, row: Any) -> dict[str, Any]:
        known = row if isinstance(row, dict) else {"name": row}
        for key in self.keys:
            if key not in known:
                raise Misuse(f"--json {key}: there is no such key{hint(key, known)}; there are: {', '.join(known)}")
        return {key: known[key] for key in self.keys}


@Parameter(name="*", group=COMMON_GROUP)
@dataclass(frozen=True)
class Listing(Surroundings):
    """The same for a command that lists things: of each the wanted keys, or no more than its name."""

    json: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=True,
            metavar="KEYS",
            help="One JSON document on standard output; with KEYS (name,state) only these of each.",
        ),
    ] = None
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], help="Only the names, one a line.")] = False

    def listed(self) -> Listed:
        """How this call writes what it found. Raises Misuse for --json beside --quiet."""
        if self.json is not None and self.quiet:
            raise Misuse("--json and --quiet are two ways to print: keep one")
        keys = tuple(key for text in self.json or () for key in text.split(",") if key)
        return Listed(Screen(as_json=self.json is not None, colour=not self.no_color), keys, self.quiet)


COMMON = Common()
LISTING = Listing()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def named_values(option: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE each. Raises Misuse for anything else, and for a name that comes twice."""
    values: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise Misuse(f"{option} {text!r}: write NAME=VALUE")
        if name in values:
            raise Misuse(f"{option} {name} is given twice")
        values[name] = value
    return values


def since_of(text: str, now: datetime, zone: str) -> datetime:
    """The instant that --since means: a time, or how long ago it was. Raises Misuse for what is neither."""
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now - parse_duration(text)
        except (ValueError, OverflowError):
            raise Misuse(f"--since {text!r}: write 8h or 7d, or a time such as '2026-11-22 06:00'") from None
    return wall if wall.tzinfo else to_instant(wall, zone_of(zone))
