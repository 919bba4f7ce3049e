"""Tell what happens as it happens, from the journal: the same rows that every timeline is read from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from deployments.demo import telling_incidents, telling_problems
from deployments.demo.telling_backups import told
from models.records import JournalRow, Run, Slot, Step
from models.rules.wall_clock import with_times
from models.vocabulary import Trigger

QUIET = {"dispatch", "start", "finish", "fail", "catch-up"}
"""Moves that the lines of their runs tell."""
BY_THEMSELVES = {"events": "by a rule", "known errors": "by a known error"}
"""Who asks for a run that is to mend what an alert or an incident says."""
ROUNDS = "probes-"
"""How the jobs that read probes begin: they run every few seconds, so only what they find is told."""
TRIGGERS = {Trigger.CATCH_UP: "caught up", Trigger.MANUAL: "by hand"}


@dataclass
class Teller:
    """Reads the journal on from where it stopped, and gives a line for each thing worth one."""

    zone: ZoneInfo
    last: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def lines(self, session: Session) -> Iterator[tuple[str, str]]:
        """(style, line) for each new row that a person wants to hear of."""
        query = select(JournalRow).where(JournalRow.seq > self.last).order_by(JournalRow.seq)
        for row in session.scalars(query):
            self.last = row.seq
            line = None if self._is_of_a_round(session, row) else self._tell(session, row)
            if line is not None:
                at = datetime.fromisoformat(row.at).astimezone(self.zone)
                yield line[0], f"{at:%H:%M:%S}  {with_times(line[1], self._clock)}"

    def _clock(self, instant: datetime) -> str:
        return f"{instant.astimezone(self.zone):%H:%M}"

    def _is_of_a_round(self, session: Session, row: JournalRow) -> bool:
        kind, _, number = row.subject.partition("/")
        if kind == "slot":
            return session.get_one(Slot, int(number)).job.startswith(ROUNDS)
        return kind == "run" and self._job(session, int(number)).startswith(ROUNDS)

    def _tell(self, session: Session, row: JournalRow) -> tuple[str, str] | None:
        _, subject, action = row.tag.split(":")
        facts = json.loads(row.facts)
        number = row.subject.split("/")[1]
        if subject == "run" and action not in QUIET:
            return self._about_run(session.get_one(Run, int(number)), action, row, facts)
        if subject == "slot" and action in ("skip", "miss"):
            return _about_slot(session.get_one(Slot, int(number)), action, row)
        if action == "prove-end":
            left = ", ".join(facts["survivors"]) or "nothing is left of it"
            how = " then ".join(facts["signals"]) or "no signal"
            return "magenta", f"{self._job(session, facts['run']):<18}   {facts['host']}: {row.reason} ({how}); {left}"
        if (about := told(session, row)) is not None:
            return about[0], f"{self._job(session, about[1]):<18}   {about[2]}"
        if subject == "step" and facts.get("outcome") not in ("ok", None):
            step = session.get_one(Step, int(number))
            line = f"  {step.host}: {step.message}" + (f": {step.first_error_line}" if step.first_error_line else "")
            return "yellow", f"{self._job(session, step.run_id):<18} {line}"
        return telling_incidents.told(session, row) or telling_problems.told(session, row)

    def _about_run(self, run: Run, action: str, row: JournalRow, facts: dict[str, str]) -> tuple[str, str] | None:
        name = f"{run.job:<18} {run.number}"
        hosts = sum(len(wave) for wave in run.plan["waves"])
        if action == "claim" and run.attempt == 1:
            how = [BY_THEMSELVES.get(run.requested_by) or TRIGGERS[run.trigger]] if run.trigger in TRIGGERS else []
            how += [f"{hosts} host{'s' if hosts > 1 else ''}"] if hosts else []
            return "cyan", f"{name} starts{': ' if how else ''}{', '.join(how)}"
        if action == "lose":
            return "yellow", f"{name} is taken up again: {row.reason}"
        if action == "retry-later":
            return "yellow", f"{name} will try the failed hosts again: attempt {facts['attempt']}"
        if action == "request-kill":
            return "magenta", f"{name} is to be ended: {row.reason}"
        if action in ("end", "give-up", "cancel", "drop"):
            style = "green" if facts["outcome"] == "ok" else "bold red" if facts["outcome"] != "killed" else "magenta"
            return style, f"{name} {facts['outcome']}: {facts['summary']}"
        return None

    def _job(self, session: Session, run_id: int) -> str:
        return self.names.setdefault(str(run_id), session.get_one(Run, run_id).job)


def _about_slot(slot: Slot, action: str, row: JournalRow) -> tuple[str, str] | None:
    if not (slot.was_late or row.source != "started"):
        return None
    style, word = ("dim", "skipped") if action == "skip" else ("red", "missed")
    return style, f"{slot.job:<18} {word}: {row.reason}"
