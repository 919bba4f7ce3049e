"""The way in: finds the command, and turns every error into one sentence and an exit code."""

import os
import secrets
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError
from rich.text import Text

from desk.cli import exit_codes
from desk.cli.screen import Screen
from desk.cli.tree import app
from desk.services.small_words import hint
from models import clock
from models.errors import SiteError, WatchbillError


def run(words: Sequence[str]) -> int:
    """Carry out one command line; every way to end has its exit code."""
    screen = Screen(colour="--no-color" not in words)
    try:
        code = _code(app(list(words), exit_on_error=False, print_error=False))
        sys.stdout.flush()
        return code
    except CycloptsError as error:
        _error(screen, _misuse(error))
        return exit_codes.MISUSE
    except WatchbillError as error:
        _expected(screen, error)
        return error.exit_code
    except KeyboardInterrupt:
        screen.say("cancelled")
        return exit_codes.CANCELLED
    except BrokenPipeError:
        # The reader of a pipe has gone, as `head` does: nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except Exception as error:  # noqa: BLE001 - the last resort: no command ends with a trace on the screen
        _error(screen, _unexpected(error, words))
        return exit_codes.FAILED


def _expected(screen: Screen, error: WatchbillError) -> None:
    if isinstance(error, SiteError):
        _site_error(screen, error)
    else:
        _error(screen, str(error))


def _code(result: object) -> int:
    return result if isinstance(result, int) else exit_codes.OK


def _error(screen: Screen, text: str) -> None:
    from desk.cli.words import block  # noqa: PLC0415 - half the start-up time, and most calls end well

    screen.say(Text.assemble(("error: ", "bold red"), block(text)))


def _site_error(screen: Screen, error: SiteError) -> None:
    from desk.cli.words import block  # noqa: PLC0415 - as above

    for place in error.places:
        where = f"{place.file}:{place.line}:{place.column}: "
        screen.say(Text.assemble((where, "bold"), block(f"{place.key}: {place.message}")))
    faults = f"{len(error.places)} fault{'s' if len(error.places) != 1 else ''}"
    _error(screen, f"the site is invalid: {faults}; nothing was applied")


def _misuse(error: CycloptsError) -> str:
    """What is wrong with the words, what was probably meant, and where help is."""
    chain = list(error.command_chain or ())
    where = " ".join(["watchbill", *chain])
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        group = error.app or app
        known = [name for name in group if not name.startswith("-")]
        word = error.unused_tokens[0]
        return f"there is no command {word!r}{hint(word, known)}; see `{where} --help`"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        return f"{error.argument.name} is missing; see `{where} --help`"
    return f"{str(error).rstrip('.')}; see `{where} --help`"


def _unexpected(error: Exception, words: Sequence[str]) -> str:
    """Keep the trace where it can be found again; the screen gets a reference."""
    reference = f"{clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    file = _keep(
        f"error-{reference}.txt", f"watchbill {' '.join(words)}\n\n{''.join(traceback.format_exception(error))}"
    )
    said = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}".rstrip(": ")
    return f"something that Watchbill did not expect ({said}); reference {reference}, trace in {file}"


def _keep(name: str, text: str) -> Path:
    """Write into the home's logs, or beside everything else that is temporary when there is no writing there."""
    for folder in (_home() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text, encoding="utf-8")
            return folder / name
        except OSError:
            continue
    return Path("nowhere: no folder could be written")


def _home() -> Path:
    """The home of this call, even when its options could not be read."""
    words = sys.argv
    if "--home" in words[:-1]:
        return Path(words[words.index("--home") + 1])
    return Path(os.environ.get("WATCHBILL_HOME") or "var")
