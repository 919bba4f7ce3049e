"""The orders: the one parameter of each flow. Ids only; what they mean is read from the shared database."""

from models.orders.backups import BackUp, CheckRepository, CopyBackup, DrillRestore, RestoreBackup
from models.orders.escalate_incident import EscalateIncident
from models.orders.find_problems import FindProblems
from models.orders.kill_run import KillRun
from models.orders.render_report import RenderReport
from models.orders.run_job import RunJob, RunOrder
from models.orders.run_probes import RunProbes
from models.orders.send_notice import SendNotice

__all__ = [
    "BackUp",
    "CheckRepository",
    "CopyBackup",
    "DrillRestore",
    "EscalateIncident",
    "FindProblems",
    "KillRun",
    "RenderReport",
    "RestoreBackup",
    "RunJob",
    "RunOrder",
    "RunProbes",
    "SendNotice",
]
