"""The order to render a report."""

from pydantic import Field

from models.orders.run_job import RunOrder


class RenderReport(RunOrder):
    """Render a report from the shared database, as a routine job."""

    report: str = Field(description="Which report: a folder of templates/reports.")
    hours: int = Field(default=24, ge=1, le=24 * 31, description="How far the report looks back, in hours.")
