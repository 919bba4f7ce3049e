"""Reports: which there are, and one rendered into a folder."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desk.services.errors import Misuse
from desk.services.small_words import hint
from models.database import Database
from models.errors import NotFound
from models.queries.report_periods import period_of
from models.settings import Settings
from tasks.tools.rendering import Wanted, make_report, report_names, write_report


@dataclass(frozen=True)
class Rendered:
    """A report that was written."""

    report: str
    since: datetime
    until: datetime
    timezone: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class ReportOrder:
    """Which report, over which period, in which formats, where to."""

    name: str
    hours: int
    formats: tuple[str, ...]
    folder: Path
    month: str | None = None
    """Instead of hours: `2026-11`, `last month` or `this month`."""


def list_reports(settings: Settings) -> tuple[str, ...]:
    """The reports that there are."""
    return tuple(report_names(settings.templates))


def render(database: Database, settings: Settings, order: ReportOrder, now: datetime) -> Rendered:
    """Render a report and write its files. Raises NotFound for an unknown report, Misuse for a format or a month."""
    if order.name not in list_reports(settings):
        there = ", ".join(list_reports(settings)) or "none"
        slip = hint(order.name, list_reports(settings))
        raise NotFound(f"there is no report {order.name!r}{slip}; known: {there}")
    with database.read() as session:
        try:
            period = period_of(session, order.hours, order.month, now)
        except ValueError as error:
            raise Misuse(f"--period: {error}") from None
        made = make_report(session, Wanted(order.name, period), settings.templates)
    known = sorted({_format(key) for key in made.files})
    unknown = [name for name in order.formats if name not in known]
    if unknown:
        raise Misuse(f"{order.name} has no format {unknown[0]!r}; it has: {', '.join(known)}")
    wanted = {key: body for key, body in made.files.items() if _format(key) in (order.formats or known)}
    return Rendered(order.name, period.since, period.until, made.zone, tuple(write_report(order.folder, wanted)))


def _format(key: str) -> str:
    """`csv` of the annex runs.csv."""
    return key.rpartition(".")[2]
