"""Events: whether the desk takes them, and whether what it took is worked off."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.desk_address import noted_address
from desk.services.opening import is_there, opened
from desk.services.small_words import several
from models.errors import WatchbillError
from models.queries import inbox
from models.settings import Settings

ANSWER_SECONDS = 3.0


def look(settings: Settings) -> Iterator[Finding]:
    """Whether the desk of this home answers, and what waits in quarantine."""
    yield _desk(settings)
    if is_there(settings):
        try:
            with opened(settings) as database, database.read() as session:
                yield _quarantine(len(inbox.quarantined(session)))
        except WatchbillError:
            return  # the look at the database says it


def _quarantine(requests: int) -> Finding:
    if not requests:
        return well("quarantine", "empty")
    words = f"{several(requests, 'request')} with events could not be worked off"
    return warn("quarantine", words, "`watchbill event quarantine list` says why")


def _desk(settings: Settings) -> Finding:
    address = noted_address(settings.home)
    if address is None:
        return warn("ingest", "no desk was started from this home yet", "`watchbill up` starts one")
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - our own note
            sources = json.loads(answer.read())["sources"]
    except urllib.error.HTTPError as error:
        return fail("ingest", f"answers {error.code} at {address}", "its log, desk.log in the home, says why")
    except (OSError, ValueError, KeyError):
        return fail("ingest", f"does not answer at {address}", "`watchbill up` starts it; its log is in the home")
    return well("ingest", f"answers at {address}, {several(sources, 'source')} of events")
