"""What must be true of problems.yaml beyond the form of its keys."""

from collections.abc import Iterator

from models.site.detection import JOB
from models.site.incident_checks import Made, Said, known_values, scope_faults, unknown_value
from models.site.incidents import Handling
from models.site.problems import EscalationRule
from models.site.references import Kind, ReferenceFault
from models.vocabulary import EscalateOn

COUNTED = (EscalateOn.REOPENED, EscalateOn.KNOWN_ERROR)


def problem_faults(whole: Made, made: Made) -> Iterator[ReferenceFault]:
    """Everything wrong in problems.yaml where the keys have the right form."""
    levels = next(iter(made[Kind.HANDLING].values()), Handling())
    known = known_values(levels, made)
    for name, handling in whole[Kind.PROBLEMS].items():
        for number, rule in enumerate(handling.escalate):
            for path, message in (*_rule(rule), *scope_faults(rule, known)):
                yield ReferenceFault(Kind.PROBLEMS, name, ("escalate", number, *path), message)
        for number, priority in enumerate(handling.review.priorities):
            if priority not in known["priority"]:
                words = unknown_value("priority", priority, known["priority"])
                yield ReferenceFault(Kind.PROBLEMS, name, ("review", "priorities", number), words)
        if handling.detection is not None and JOB in made[Kind.JOB]:
            words = f"is a job named {JOB}, which jobs.yaml has already; rename that one"
            yield ReferenceFault(Kind.PROBLEMS, name, ("detection",), words)


def _rule(rule: EscalationRule) -> Said:
    if "times" in rule.model_fields_set and rule.on not in COUNTED:
        yield ("times",), f"goes with {' or '.join(COUNTED)}"
