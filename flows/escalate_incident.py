"""Have the cause of an incident looked for."""

from prefect import flow

from models.orders import EscalateIncident
from tasks.problem_escalation import collect_evidence, open_or_join


@flow(name="escalate-incident", persist_result=False)
def escalate_incident(order: EscalateIncident) -> None:
    """Make an incident a problem, or part of one that is open, with what is known of it.

    A rule of problems.yaml asks for it: the incident is a major one, was reopened, was resolved by a workaround, or is
    a known error again. Done means: the incident is linked with one problem, whose team was told; or nothing asks for
    it any more.
    """
    evidence = collect_evidence(order)
    open_or_join(order, evidence)
