"""The order to render a report."""

from pydantic import Field

from models.orders.run_job import RunOrder

MONTH = r"^(last month|this month|\d{4}-(0[1-9]|1[0-2]))$"


class RenderReport(RunOrder):
    """Render a report from the shared database, as a routine job."""

    report: str = Field(description="Which report: a folder of templates/reports.")
    hours: int = Field(default=24, ge=1, le=24 * 31, description="How far the report looks back, in hours.")
    period: str | None = Field(
        default=None,
        pattern=MONTH,
        description="A month of the site's zone instead: `last month`, `this month` or one such as 2026-11.",
    )
