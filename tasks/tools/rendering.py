"""Reports and notices from the templates: the same values give the same bytes, and no text of theirs can act.

Templates come from the templates folder only and see plain values; a name that is missing is an error. Every text is
made harmless before a template sees it (control characters, terminal escapes, direction marks) and is escaped in HTML.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from sqlalchemy.orm import Session

from models import clock
from models.errors import NotFound, WatchbillError
from models.queries.backup_evidence import backup_evidence
from models.queries.daily_operations import Period, daily_operations
from models.queries.tables import Table
from models.records import run_number
from models.rules.figure_words import bytes_text, hours_text, money_text
from tasks.tools import wording
from tasks.tools.spreadsheets import csv_of

REPORT = "report"
"""The name of a report's files, before the dot."""


class TemplateBroken(WatchbillError):
    """A template cannot be rendered."""


class Report(Protocol):
    """What every report's content has."""

    @property
    def zone(self) -> str: ...
    @property
    def made_at(self) -> datetime: ...


@runtime_checkable
class WithTables(Protocol):
    """A report with annexes for a spreadsheet."""

    def tables(self) -> Mapping[str, Table]:
        """The annexes, by name."""


@dataclasses.dataclass(frozen=True)
class Notice:
    """One message, ready to be sent."""

    subject: str
    text: str
    html: str


@dataclasses.dataclass(frozen=True)
class Made:
    """A report that was rendered: its files by format (`html`, `runs.csv`), when and in which zone."""

    files: dict[str, bytes]
    at: datetime
    zone: str


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which report, of which period; made by which run, if any: it has not ended, so the report leaves it out."""

    name: str
    period: Period
    own_run: int | None = None


def _problems(session: Session, period: Period, now: datetime, own_run: int | None) -> Report:
    from models.queries.problem_report import problem_report  # noqa: PLC0415 - pandas is slow to load, and only here

    return problem_report(session, period, now, own_run)


CONTENTS: dict[str, Callable[[Session, Period, datetime, int | None], Report]] = {
    "backup-evidence": backup_evidence,
    "daily-operations": daily_operations,
    "problems": _problems,
}
"""What each report says, read from the shared database."""


def make_report(session: Session, wanted: Wanted, templates: Path) -> Made:
    """Read what a report says of a period and render it. Raises NotFound for an unknown report."""
    if wanted.name not in CONTENTS:
        raise NotFound(f"there is no report {wanted.name!r}; known: {', '.join(sorted(CONTENTS))}")
    content = CONTENTS[wanted.name](session, wanted.period, clock.now(), wanted.own_run)
    return Made(render_report(wanted.name, content, templates), content.made_at, content.zone)


def report_names(templates: Path) -> list[str]:
    """The reports that there are templates for."""
    return _names(templates / "reports")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[!_]*") if path.is_dir())


def render_report(name: str, content: Report, templates: Path) -> dict[str, bytes]:
    """The report in each format that it has a template for, as JSON (every figure with its rows), and its annexes.

    Raises NotFound for an unknown report and TemplateBroken for a template that asks for what is not there.
    """
    if name not in report_names(templates):
        known = ", ".join(report_names(templates)) or "none"
        raise NotFound(f"there is no report {name!r}; known: {known}")
    version = version_of(templates, "reports", name)
    clock = wording.Clock(content.zone)
    environment = _environment(templates, clock)
    annexes = {"json": _as_json(name, content, version)}
    if isinstance(content, WithTables):
        annexes |= {f"{table}.csv": csv_of(rows, clock) for table, rows in content.tables().items()}
    values = {
        "report": wording.cleaned(content, clock.text),
        "template_version": version,
        "hashes": {file_name(key): hashlib.sha256(body).hexdigest() for key, body in annexes.items()},
    }
    rendered = {
        path.suffix[1:]: _render(environment, path.relative_to(templates), values).encode()
        for path in sorted((templates / "reports" / name).glob(f"{REPORT}.*"))
    }
    return {**rendered, **annexes}


def render_notice(tag: str, facts: object, templates: Path, zone: str) -> Notice:
    """One notice. Raises NotFound for an unknown tag, TemplateBroken for a template that asks for what is missing."""
    folder = Path("notices") / tag
    if tag not in _names(templates / "notices"):
        raise NotFound(f"there is no notice {tag!r}; known: {', '.join(_names(templates / 'notices'))}")
    clock = wording.Clock(zone)
    environment = _environment(templates, clock)
    values = {"notice": wording.cleaned(facts, clock.text)}
    subject, text, html = (
        _render(environment, folder / file, values) for file in ("subject.txt", "body.txt", "body.html")
    )
    return Notice(wording.harmless(subject), text, html)


def version_of(templates: Path, kind: str, name: str) -> str:
    """The sha256 over the template's files and those it is built on, each with its path."""
    digest = hashlib.sha256()
    for folder in (templates / kind / "_base", templates / kind / name):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            body = path.read_bytes()
            digest.update(f"{path.relative_to(templates).as_posix()} {len(body)}\n".encode() + body)
    return digest.hexdigest()


def write_report(folder: Path, rendered: Mapping[str, bytes], stem: str = REPORT) -> list[Path]:
    """Write the files of a report; each appears whole or not at all. Raises WatchbillError when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(folder / file_name(key, stem), body) for key, body in sorted(rendered.items())]
    except OSError as error:
        raise WatchbillError(
            f"{folder}: the report cannot be written: {error.strerror}; nothing was replaced"
        ) from error


def file_name(key: str, stem: str = REPORT) -> str:
    """`report.html` for the format html, `runs.csv` for that annex; with the time that the stem carries."""
    name, dot, suffix = key.rpartition(".")
    return f"{name}{stem.removeprefix(REPORT)}.{suffix}" if dot else f"{stem}.{suffix}"


def _write(path: Path, body: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _environment(templates: Path, clock: wording.Clock) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        at=clock.briefly,
        at_full=clock.in_full,
        day=clock.day,
        machine_time=clock.machine,
        strip_day=wording.day_of_strip,
        span=wording.span,
        share=wording.share,
        several=wording.several,
        run=run_number,
        runs=wording.run_numbers,
        slots=wording.slot_numbers,
        some=wording.some,
        cut=wording.cut,
        size=bytes_text,
        hours=hours_text,
        money=money_text,
        short=wording.short,
        percent=wording.percent,
        wrapped=wording.wrapped,
    )
    return environment


def _render(environment: Environment, template: Path, values: Mapping[str, object]) -> str:
    try:
        return environment.get_template(template.as_posix()).render(values)
    except TemplateError as error:
        raise TemplateBroken(f"template {template.as_posix()}: {error}") from error


def _as_json(name: str, content: Report, version: str) -> bytes:
    """The values as they are; escaped to ASCII, so that showing the file in a terminal is harmless too."""
    facts = {
        "report": name,
        "template_sha256": version,
        "made_at": content.made_at.isoformat(),
        "content": dataclasses.asdict(content),  # type: ignore[call-overload]  # contents are dataclasses
    }
    return (json.dumps(facts, indent=1, default=_plain, ensure_ascii=True) + "\n").encode()


def _plain(value: Any) -> str | float:
    """Times in ISO 8601 with offset, time spans in seconds. Raises TypeError for anything else."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"a report cannot hold a {type(value).__name__}")
