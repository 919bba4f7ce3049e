"""Rolling batches: which hosts at once, in which order, and whether to go on after a failure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from models.rules.durations import Duration
from models.rules.field_error import FieldError, under
from models.rules.nodes import Node
from models.rules.verdicts import Verdict
from models.vocabulary import Outcome


class Order(StrEnum):
    """In which order the hosts of a job are taken."""

    RANK = "rank"  # lower rank first, then by name
    NAME = "name"


class OnFailure(StrEnum):
    """Whether the next batch starts after hosts failed."""

    STOP = "stop"
    GO_ON = "go-on"


@dataclass(frozen=True)
class Batch:
    """How a job goes over its hosts. Size is a number, a part such as `25%`, or absent for all at once."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    size: int | str | None = None
    order: Order = Order.RANK
    on_failure: OnFailure = OnFailure.STOP
    max_failures: int = 0
    pause: Duration = timedelta(0)

    def __post_init__(self) -> None:
        with under("size"):
            self.size_for(1)
        if self.max_failures < 0:
            raise FieldError("max_failures", "max_failures is 0 or more")
        if self.on_failure is OnFailure.GO_ON and self.max_failures:
            raise FieldError("max_failures", "max_failures goes with `on_failure: stop`; go-on never stops")

    def size_for(self, hosts: int) -> int:
        """How many of this many hosts run at once: at least one; a part is rounded up."""
        if self.size is None:
            return max(1, hosts)
        text = str(self.size).strip()
        match = re.match(r"^([0-9]{1,6})(%?)$", text)
        number = int(match[1]) if match else 0
        if match is None or number < 1 or (match[2] and number > 100):
            raise ValueError(f'batch size "{text}" must be a number from 1, or a part from 1% to 100%')
        return max(1, math.ceil(hosts * number / 100)) if match[2] else number


ALL_AT_ONCE = Batch()


def waves(nodes: Sequence[Node], batch: Batch) -> list[list[str]]:
    """The names of the hosts in the groups that run at once, first group first."""
    by_rank = batch.order is Order.RANK
    names = [node.name for node in sorted(nodes, key=lambda node: (node.rank if by_rank else 0, node.name))]
    size = batch.size_for(len(names))
    return [names[start : start + size] for start in range(0, len(names), size)]


def may_go_on(batch: Batch, outcomes: Mapping[str, Outcome]) -> Verdict:
    """Whether the next group may start, given how the hosts so far ended (a skipped host did not fail)."""
    failed = sorted(host for host, outcome in outcomes.items() if outcome not in (Outcome.OK, Outcome.SKIPPED))
    if not failed:
        return Verdict(True, "no host failed")
    count = f"{len(failed)} of {len(outcomes)} hosts failed ({_some(failed)})"
    if batch.on_failure is OnFailure.GO_ON:
        return Verdict(True, f"{count}; the job goes on after failures")
    if len(failed) <= batch.max_failures:
        return Verdict(True, f"{count}; {batch.max_failures} may fail")
    return Verdict(False, f"stopped: {count}, {batch.max_failures} may fail")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
