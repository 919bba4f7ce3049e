"""An incident becomes a problem as the engine makes it one: from its order, in a flow run; twice makes no second."""

from pathlib import Path

import pytest
from sqlalchemy import select

from flows.escalate_incident import escalate_incident
from models import clock
from models.database import Database
from models.orders import EscalateIncident
from models.queries import incidents, problem_analysis, problem_escalation, problems
from models.queries.states import Because
from models.records import OutboxRow, TaskLog
from models.rules.incidents import NewIncident, Solution
from models.vocabulary import AnalysisKind, Outcome, ResolutionCode
from tests.sites import apply_site, job, write_site

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]


def test_a_flow_run_opens_the_problem_of_its_order_once(worker_database: Database, home: Path) -> None:
    folder = write_site(home / "site", job("check"))
    (folder / "problems.yaml").write_text("escalate: [{on: workaround}]\n")
    apply_site(worker_database, folder)
    now = clock.now()
    with worker_database.write() as session:
        one = incidents.open_incident(session, NewIncident("Checkout is down"), Because("ann"), now)
        incidents.resolve(session, one, Solution(ResolutionCode.WORKAROUND, "restarted it"), Because("ann"), now)
    with worker_database.read() as session:
        asked = select(OutboxRow.parameters).where(OutboxRow.deployment == problem_escalation.DEPLOYMENT)
        (parameters,) = session.scalars(asked)
    for _ in range(2):
        escalate_incident(EscalateIncident(**parameters["order"]))
    with worker_database.read() as session:
        (made,) = problems.problems_of(session, one.id)
        assert made.title == "Checkout is down"
        assert [note.kind for note in problem_analysis.analysis_of(session, made.id)] == [
            *(AnalysisKind.SYMPTOM, AnalysisKind.IMPACT),
        ]
        logged = session.execute(select(TaskLog.task, TaskLog.outcome).order_by(TaskLog.id)).tuples().all()
        assert logged == [("collect-evidence", Outcome.OK), ("open-or-join", Outcome.OK)] * 2
