"""A plan in words, as an approver reads it."""

import shlex
from collections.abc import Iterable

from models.rules.catalogue.plans import Part, PlannedStep

LONGEST_STEP = 2_000


def plan_words(plan: Iterable[PlannedStep], parts: Iterable[Part]) -> str:
    """What would be done, one line a step; commands are shown as a shell would write them, though none reads them."""
    lines = [_one_paragraph(_step(step)) for step in plan]
    return "\n".join([*lines, *(f"orders {part.item}" for part in parts)])


def _one_paragraph(words: str) -> str:
    """So that no line of an answer looks like a step of its own, nor one answer hides the steps behind it."""
    rest = f" ... and {len(words) - LONGEST_STEP} characters more" if len(words) > LONGEST_STEP else ""
    return f"{words[:LONGEST_STEP]}{rest}".replace("\n", "\n    ")


def _step(step: PlannedStep) -> str:
    if step.run is not None:
        secret = f", with a new secret: {step.run.one_time.title}" if step.run.one_time else ""
        return f"{step.title}: on {step.host}: {shlex.join(step.run.apply)}{secret}"
    if step.job is not None:
        given = ", ".join(f"{name}={value}" for name, value in step.job.parameters.items())
        where = f" on {step.job.on}" if step.job.on else ""
        return f"{step.title}: job {step.job.name}{f' with {given}' if given else ''}{where}"
    return f"{step.title}: by team {step.manual.team}: {step.manual.words}" if step.manual else step.title
