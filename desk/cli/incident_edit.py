"""incident edit: correct what one says."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.cli.incident_work import Incident, Reason
from desk.services import incident_editing
from desk.services.incident_editing import Edit
from desk.services.opening import opened


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What it is to say."""

    title: Annotated[str | None, Parameter(help="What is wrong, in one line.", metavar="TEXT")] = None
    description: Annotated[
        str | None, Parameter(help="What happened, in as many words as it takes.", metavar="TEXT")
    ] = None
    service: Annotated[str | None, Parameter(help="The service that it troubles.", metavar="SERVICE")] = None
    host: Annotated[str | None, Parameter(help="The host that it is about.", metavar="HOST")] = None
    category: Annotated[str | None, Parameter(help="A category of incidents.yaml.", metavar="CATEGORY")] = None
    caller: Annotated[str | None, Parameter(help="Whom it troubles.", metavar="PERSON")] = None


WHAT = What()


def edit(incident: Incident, /, *, what: What = WHAT, reason: Reason = None, common: Common = COMMON) -> int:
    """Correct what an incident says; '' takes a value away. Its promises and clocks follow, its team stays."""
    with opened(common.settings()) as database:
        words, done = incident_editing.edit(
            database, incident_said.act_of(incident, common, reason), Edit(**vars(what))
        )
    return incident_said.tell(common, done, f"is corrected: {words}")
