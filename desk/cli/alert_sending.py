"""event send, of a condition: its options, and what is said of it."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from cyclopts import Parameter

from desk.cli import exit_codes
from desk.cli.common import named_values
from desk.cli.screen import Screen
from desk.services.alert_sending import Condition, Taken
from desk.services.errors import Misuse
from models.vocabulary import EventStatus, Severity

Word = TypeVar("Word", Severity, EventStatus)
NAMED = partial(Parameter, metavar="NAME=VALUE", consume_multiple=False, allow_leading_hyphen=True)
"""An option that is given once for each name with its value."""


@Parameter(name="*")
@dataclass(frozen=True)
class Told:
    """What makes an event a condition that fires or has ended."""

    severity: Annotated[
        str | None, Parameter(help=f"How bad it is: {', '.join(Severity)}; above info it fires.", metavar="WORD")
    ] = None
    status: Annotated[str | None, Parameter(help="How it stands: firing, acknowledged, resolved.", metavar="WORD")] = (
        None
    )
    service: Annotated[str | None, Parameter(help="The service that it is about.", metavar="NAME")] = None
    host: Annotated[str | None, Parameter(help="The host that it is about.", metavar="NAME")] = None
    label: Annotated[
        tuple[str, ...], NAMED(help="What tells this condition from others, and is matched on; once for each.")
    ] = ()

    def condition(self, name: str, source: str, text: str, key: str) -> Condition | None:
        """What is told; None: it says only that something happened.

        Raises Misuse for a word that there is not, and for labels of what is no condition.
        """
        severity = _word(Severity, "--severity", self.severity)
        status = _word(EventStatus, "--status", self.status)
        labels = named_values("--label", self.label)
        labels |= {word: value for word, value in (("service", self.service), ("host", self.host)) if value}
        if status is None and severity not in (None, Severity.INFO):
            status = EventStatus.FIRING
        if status in (None, EventStatus.INFORMATIONAL):
            if labels:
                raise Misuse("--service, --host and --label tell conditions apart: say --severity or --status, too")
            return None
        is_over = status is EventStatus.RESOLVED
        severity = severity or (Severity.INFO if is_over else Severity.WARNING)
        return Condition(name, status, severity, source, text, key, labels)


def _word(words: type[Word], option: str, said: str | None) -> Word | None:
    if said is None:
        return None
    if said not in set(words):
        raise Misuse(f"{option} {said!r}: there are {', '.join(words)}")
    return words(said)


def tell_taken(screen: Screen, taken: Taken, *, is_json: bool) -> int:
    """Say that it is taken, and where to see what becomes of it."""
    if is_json:
        screen.json(taken)
        return exit_codes.OK
    screen.show(f"{taken.name}: {taken.status}, {taken.severity}, taken as request {taken.request}")
    screen.say("next: `watchbill event list --alerts` shows what becomes of it")
    if not taken.is_awake:
        screen.warn("the part `events` is silent: it is worked off when `watchbill up` runs")
    return exit_codes.OK


TOLD = Told()
