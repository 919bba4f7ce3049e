"""A workaround that runs by itself, on a real host: the incident comes, the job mends, another proves it."""

from collections.abc import Iterator

import pytest

from models import clock
from models.queries import incidents, known_errors
from models.queries.known_error_suggesting import suggest
from models.queries.states import Because
from models.records import Incident, KnownErrorUse, WorkNote
from models.rules.incidents import NewIncident
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.vocabulary import ResolutionCode
from tests.stack import Stack, job_of, until

ANN = Because("ann")
HUNG = KnownErrorFacts(
    title="The front hangs",
    symptom="Checkout hangs.",
    recognise=Recognition(host="web*", texts=("checkout hangs",)),
    workaround_job="mend",
    check_job="ask",
    runs_itself=True,
)


@pytest.fixture
def allowed(stack: Stack) -> Iterator[Stack]:
    """The same with a site that lets the job `mend` run by itself."""
    file = stack.settings.site / "problems.yaml"
    file.write_text("known_errors: {automatic: true, jobs: [mend]}\n")
    on = "host in (web1, web2)"
    stack.reapply(job_of("mend", "echo mended >> front", on=on) + job_of("ask", "grep -q mended front", on=on))
    yield stack
    file.unlink()


def test_a_known_error_mends_an_incident_on_its_host_and_resolves_it(allowed: Stack) -> None:
    stack, now = allowed, clock.now()
    with stack.database.write() as session:
        known_errors.publish(session, known_errors.create(session, HUNG, ANN, now), ANN, now)
        incident = incidents.open_incident(session, NewIncident("Checkout hangs", host="web2"), ANN, now)
        suggest(session, incident, now)
        number = incident.id

    def resolved() -> Incident | None:
        (one,) = stack.all_of(Incident, Incident.id == number)
        return one if one.resolution_code is not None else None

    one: Incident = until(resolved, why=stack.explain)
    (use,) = stack.all_of(KnownErrorUse, KnownErrorUse.incident_id == number)
    assert (one.resolution_code, one.resolved_by) == (ResolutionCode.KNOWN_ERROR, "known errors")
    assert (use.worked, use.attempt) == (True, 1)
    assert (stack.effects("front", "web2"), stack.effects("front", "web1")) == (["mended"], [])
    assert stack.all_of(WorkNote, WorkNote.ticket_id == number)[-1].text.startswith("KE000001: attempt 1 of 1")
