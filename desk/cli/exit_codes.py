"""What the command line ends with: one number for one meaning, the same for every command."""

from models.rules.outcomes import exit_code
from models.vocabulary import Outcome

OK = 0
FAILED = 1
MISUSE = 2
NOT_ENDED = 15
CANCELLED = 130

MEANINGS = {
    OK: "done",
    FAILED: "failed: the run, the check, or Watchbill itself",
    MISUSE: "misuse: the command line cannot be understood; nothing was done",
    exit_code(Outcome.PARTIAL): "partial: some hosts are done, others are not",
    5: "not found: no such job, run, host or report",
    6: "refused by policy: a pause, an overlap, a bad parameter, a move that is not allowed",
    7: "the site is invalid; nothing of it was applied",
    8: "the engine cannot be reached or used (Prefect, worker, supervisor)",
    exit_code(Outcome.KILLED): "killed: a person ended the run, and every host proved it",
    exit_code(Outcome.KILL_UNCONFIRMED): "kill unconfirmed: something may still run on a host",
    exit_code(Outcome.UNKNOWN): "unknown: a host could not be asked what became of its command",
    exit_code(Outcome.MISSED): "missed: the run did not start in its window",
    exit_code(Outcome.SKIPPED): "skipped: by calendar, pause or policy",
    NOT_ENDED: "not ended: the wait was over first; the run goes on",
    exit_code(Outcome.TIMED_OUT): "timed out: the deadline on the host ended the command",
    CANCELLED: "cancelled with Ctrl-C",
}
"""Each code and what it says, in order."""
