"""What an earlier run left on its source's host when the line was cut there.

A host that waits for us to take what it sent notices a cut line only when its kernel asks, which may be after hours;
until then the plan's lock there keeps everybody out. What no run needs any more is ended, with proof.
"""

import re

from sqlalchemy import select

from models.errors import BackupError, HostError
from models.orders.run_job import run_id_of
from models.queries import journal
from models.queries.runs import ClaimedRun
from models.records import Run
from models.vocabulary import BackupFault, HostFault, Outcome, RunState
from tasks.commands import target_of
from tasks.places import plan_of
from tasks.sources import source_key
from tasks.tools.backup.sources import lock_of
from tasks.tools.ssh import KillProof, OwnedCommand
from tasks.workplace import database, host_pool, worker_name

ASK_SECONDS = 60
HELD_BY = re.compile(r" is held by (\d{8}/(RUN\d+)-(\w+)-[^\s;]+?)(~2)?$")


def end_leftovers(run: ClaimedRun) -> KillProof | None:
    """End what still reads the plan's source for a run that has ended, or for an earlier claim of this one.

    After a run that ended well there is nothing, and nobody is asked. Raises HostError when the host cannot be asked,
    BackupError when the end of what is there is not proven.
    """
    plan = plan_of(run)
    host = plan.source.on
    target = target_of(run.plan, host)
    if target.connection == "local" or not _may_be_left(run):
        return None
    question = OwnedCommand(f"{source_key(run, host)}.turn", ("true",), ASK_SECONDS, lock=lock_of(plan.name))
    answer = host_pool().run(target, question)
    if answer.outcome is Outcome.OK:
        return None
    if answer.fault is not None and answer.fault is not HostFault.BUSY:
        raise HostError(host, answer.fault, answer.message)
    held = HELD_BY.search(answer.message)
    if held is None or not _is_needless(run, held[1], held[2], held[3]):
        return None  # whoever has it needs it: the source is busy, and its opening says so
    proof = host_pool().kill(target, held[1])
    _record(held[2], held[1], proof)
    if not proof.gone:
        words = f"{held[2]} reads it there still, and its end is not proven: {proof.message}"
        raise BackupError(plan.name, BackupFault.SOURCE_FAILED, f"{words}; end it on {host}, or try again later")
    return proof


def _may_be_left(run: ClaimedRun) -> bool:
    """Whether a run of the job, or an earlier claim of this one, was interrupted since the last that ended well."""
    if run.fence > 1:
        return True
    begun = (Run.job == run.job, Run.id < run.run_id, Run.started_at.is_not(None))
    with database().read() as session:
        last = session.scalar(select(Run.outcome).where(*begun).order_by(Run.id.desc()).limit(1))
    return last not in (None, Outcome.OK)


def _is_needless(run: ClaimedRun, key: str, number: str, public_id: str) -> bool:
    """Whether the one who holds the lock works for a run of ours that is over, or for an earlier claim of this one."""
    with database().read() as session:
        holder = session.get(Run, run_id_of(number))
        if holder is None or holder.public_id != public_id:
            return False  # another Watchbill's
        if holder.id == run.run_id:
            return key != source_key(run, plan_of(run).source.on)
        return holder.state is RunState.ENDED


def _record(number: str, key: str, proof: KillProof) -> None:
    facts = {
        "host": proof.host,
        "run": run_id_of(number),
        "outcome": proof.outcome.value,
        "signals": list(proof.signals),
        "gone": proof.gone,
        "survivors": list(proof.survivors),
    }
    subject, reason = f"run/{run_id_of(number)}", f"{key} was left on {proof.host}: {proof.message}"
    fact = journal.Fact("operations:run:prove-end", subject, worker_name(), reason=reason, facts=facts)
    with database().write() as session:
        journal.append(session, fact)
