"""What every command takes, and what it makes of it: settings, who acts, where to write."""

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter
from pydantic import ValidationError

from desk.cli.screen import Screen
from desk.services.errors import Misuse
from models.settings import Settings

COMMON_GROUP = Group("Common options", sort_key=100)
LONGEST_NAME = 100


@Parameter(name="*", group=COMMON_GROUP)
@dataclass(frozen=True)
class Common:
    """The options that every command has."""

    json: Annotated[bool, Parameter(help="One JSON document on standard output.")] = False
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

    def screen(self) -> Screen:
        """Where this call writes."""
        return Screen(as_json=self.json, colour=not self.no_color)

    def who(self) -> str:
        """The person who acts. Raises Misuse for a name that no journal can carry."""
        name = (self.person or os.environ.get("WATCHBILL_PERSON") or _login_name()).strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Misuse(f"--as {name[:40]!r}: the name of a person has 1 to {LONGEST_NAME} printable characters")
        return name


COMMON = Common()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
