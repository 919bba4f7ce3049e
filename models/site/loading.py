"""Loads a site folder: all of it, or every fault in it at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from models.errors import Place, SiteError
from models.site.approval_checks import approval_faults
from models.site.backup_checks import backup_faults
from models.site.catalogue_checks import catalogue_faults
from models.site.checks import faults_of, filter_faults
from models.site.derived import derived_jobs
from models.site.documents import SITE_FILE, Document, SourceEntry, duplicates, entries_of, read_documents
from models.site.event_checks import event_faults
from models.site.incident_checks import incident_faults
from models.site.jobs import Routine
from models.site.lookup_tables import fill_rows
from models.site.notice_checks import around, notice_faults
from models.site.probe_checks import probe_faults
from models.site.problem_checks import problem_faults
from models.site.references import Kind, wrong_references
from models.site.scripts import fill_script
from models.site.site import SHAPES, Site
from models.site.site_file import SiteSettings
from models.site.tree import Node, Plain, plain
from models.site.validation import Raw, make

DEFAULTS = "defaults"
ZONED = {Kind.HOST, Kind.CALENDAR, Kind.ROTA}
Made = Mapping[Kind, Mapping[str, Any]]


def load_site(folder: FilePath | str) -> Site:
    """The site in a folder. Raises SiteError with every fault of every file."""
    loader = Loader(FilePath(folder))
    site = loader.site()
    if loader.places or site is None:
        raise SiteError(_in_order(loader.places))
    return site


class Loader:
    """One loading of one folder, collecting faults on the way."""

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        self.places: list[Place] = []
        self._settings: SiteSettings | None = None
        self._job_defaults: Raw = {}
        self._made: dict[Kind, dict[str, Any]] = {kind: {} for kind in Kind}
        self._whole: dict[Kind, dict[str, Any]] = {kind: {} for kind in Kind}
        """Those of them of which no key was wrong: what is said about a missing key is true."""

    def site(self) -> Site | None:
        """The site, as far as it can be made."""
        documents, faults = read_documents(self._folder)
        self.places += faults
        entries: list[SourceEntry] = []
        for document in documents:
            if document.schema == SITE_FILE:
                self._read_site_file(document)
                continue
            found, faults = entries_of(document)
            entries += found
            self.places += faults
        self.places += duplicates(entries)
        for entry in entries:
            self._make(entry)
        self.places += _between(entries, self._made, self._whole)
        return self._assembled()

    def _read_site_file(self, document: Document) -> None:
        entry = SourceEntry(Kind.SITE, "", document, (), document.tree)
        made = make(entry, SHAPES[Kind.SITE], plain_mapping(document.tree))
        self._settings = made.value
        self.places += made.places
        defaults = document.tree.mapping().get(DEFAULTS)
        wrong = any(place.key.split(".")[0] == DEFAULTS for place in made.places)
        self._job_defaults = plain_mapping(defaults) if defaults and not wrong else {}

    def _make(self, entry: SourceEntry) -> None:
        raw = plain_mapping(entry.node)
        if entry.kind is Kind.JOB:
            raw = self._job_defaults | raw
            self.places += fill_script(self._folder, entry, raw)
        if entry.kind is Kind.BACKUP:
            raw = {key: value for key, value in self._job_defaults.items() if key in Routine.model_fields} | raw
        if entry.kind is Kind.TABLE:
            self.places += fill_rows(self._folder, entry, raw)
        if entry.kind is Kind.EVENTS:
            _fill_locations(raw.get("time_intervals"), self._settings)
        for schedule in schedules_in(raw):
            _fill_timezone(schedule, self._settings)
        if entry.kind in ZONED:
            _fill_timezone(raw, self._settings)
        made = make(entry, SHAPES[entry.kind], raw)
        self.places += made.places
        if made.value is None:
            return
        self._made[entry.kind].setdefault(entry.name, made.value)
        if not made.left_out:
            self._whole[entry.kind].setdefault(entry.name, made.value)
        for fault in faults_of(made.value, made.left_out):
            self.places.append(entry.place(fault.path, fault.message, fault.at_key))

    def _assembled(self) -> Site | None:
        if self._settings is None:
            return None
        made = self._made
        return Site(
            folder=self._folder,
            settings=self._settings,
            teams=made[Kind.TEAM],
            people=made[Kind.PERSON],
            services=made[Kind.SERVICE],
            hosts=made[Kind.HOST],
            calendars=made[Kind.CALENDAR],
            own_jobs=made[Kind.JOB],
            repositories=made[Kind.REPOSITORY],
            backups=made[Kind.BACKUP],
            exemptions=made[Kind.EXEMPTION],
            probes=made[Kind.PROBE],
            handlings=made[Kind.HANDLING],
            promises=made[Kind.PROMISE],
            categories=made[Kind.CATEGORY],
            escalations=made[Kind.ESCALATION],
            rotas=made[Kind.ROTA],
            mail=made[Kind.MAIL],
            receivers=made[Kind.RECEIVER],
            sources=made[Kind.SOURCE],
            tables=made[Kind.TABLE],
            event_handlings=made[Kind.EVENTS],
            problem_handlings=made[Kind.PROBLEMS],
            items=made[Kind.ITEM],
            schemes=made[Kind.SCHEME],
        )


def schedules_in(raw: Raw) -> Iterator[Plain]:
    """The schedules of an entry, its own and those of its parts."""
    parts = [raw, *(raw.get(key) for key in ("drill", "copy_to", "check"))]
    yield from (part["schedule"] for part in parts if isinstance(part, dict) and "schedule" in part)


def plain_mapping(node: Node) -> Raw:
    """The node as a plain mapping; an empty one when it is none."""
    value = plain(node)
    return value if isinstance(value, dict) else {}


def _fill_timezone(raw: Plain, settings: SiteSettings | None) -> None:
    """What names no time zone has the site's: a stored spec must not depend on another entry."""
    if settings and isinstance(raw, dict) and raw.get("timezone") is None:
        raw["timezone"] = settings.timezone


def _fill_locations(intervals: Plain, settings: SiteSettings | None) -> None:
    """A time interval that names no location goes by the site's clock, too."""
    for several in intervals.values() if settings and isinstance(intervals, dict) else ():
        for interval in several if isinstance(several, list) else ():
            if settings and isinstance(interval, dict) and interval.get("location") is None:
                interval["location"] = settings.timezone


def _between(entries: list[SourceEntry], made: Made, whole: Made) -> Iterator[Place]:
    """The faults between entries: unknown names, circles, node filters that match nothing."""
    first: dict[tuple[Kind, str], SourceEntry] = {}
    for entry in entries:
        first.setdefault((entry.kind, entry.name), entry)
    nodes = {kind: {name: entry.node for (one, name), entry in first.items() if one is kind} for kind in Kind}
    for fault in wrong_references(nodes):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in backup_faults(whole[Kind.BACKUP], whole[Kind.REPOSITORY], made[Kind.JOB]):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in event_faults(whole, made):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in incident_faults(whole, made):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in problem_faults(whole, made):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in notice_faults(whole[Kind.RECEIVER], around(whole, made)):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    names = {*made[Kind.JOB], *derived_jobs(whole[Kind.BACKUP], whole[Kind.REPOSITORY])}
    for fault in probe_faults(whole[Kind.PROBE], names):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for fault in (*catalogue_faults(whole, made), *approval_faults(whole, made)):
        yield first[fault.kind, fault.name].place(fault.path, fault.message)
    for kind in (Kind.JOB, Kind.PROBE):
        for name, words in filter_faults(nodes[kind], made[Kind.HOST]):
            yield first[kind, name].place(("on",), words)


def _in_order(places: list[Place]) -> list[Place]:
    return sorted(set(places), key=lambda place: (place.file, place.line, place.column, place.key, place.message))
