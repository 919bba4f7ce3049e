"""The flows that a job can start instead of a command, by the orders that there are."""

import re
from functools import cache

from models import orders
from models.orders import RunJob, RunOrder


@cache
def flow_orders() -> dict[str, type[RunOrder]]:
    """Each flow's name and its order: RenderReport is the order of render_report."""
    classes = [getattr(orders, name) for name in orders.__all__]
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__).lower(): one
        for one in classes
        if issubclass(one, RunOrder) and one not in {RunOrder, RunJob}
    }
