"""Render reports from the shared database and keep their files."""

import logging
from pathlib import Path
from zoneinfo import ZoneInfo

from models import clock
from models.orders import RenderReport
from models.queries.report_periods import period_of
from tasks.ledger import task
from tasks.tools.rendering import REPORT, Made, Wanted, make_report, write_report
from tasks.workplace import database, settings

log = logging.getLogger("watchbill.reports")


@task(retries=3, retry_delay_seconds=[5, 30, 120], timeout_seconds=300)
def render_to_files(order: RenderReport) -> list[str]:
    """Render a report and keep it under reports/<report>/<day>/. Returns the files."""
    now = clock.now()
    with database().read() as session:
        period = period_of(session, order.hours, order.period, now)
        made = make_report(session, Wanted(order.report, period, order.run_id), settings().templates)
    folder = settings().home / "reports" / order.report / f"{now.astimezone(ZoneInfo(made.zone)):%Y-%m-%d}"
    paths = write_report(folder, made.files, free_stem(folder, made))
    log.info("%s: %s from %s", order.run, order.report, paths[0].parent)
    return [str(path) for path in paths]


def free_stem(folder: Path, made: Made) -> str:
    """`report` for the first of a day; a later one carries its time, for a report that was made is not changed."""
    if not any(folder.glob(f"{REPORT}.*")):
        return REPORT
    return f"{REPORT}-{made.at.astimezone(ZoneInfo(made.zone)):%H%M%S}"
