"""backup list, show, preview and coverage: what each plan is worth, and why."""

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.backup_run import Plan
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import backups
from desk.services.backups import DrillLine, PlanDetail, PlanList, PointLine, Preview
from desk.services.opening import opened
from models import clock
from models.records import run_number
from models.rules.coverage import Coverage
from models.rules.coverage import Finding as Covered
from models.rules.figure_words import age_text, bytes_text
from models.rules.restore_points import Point, short_key
from models.vocabulary import Health, PointState

SHOWN_DRILLS = 10
HEALTH = {Health.GREEN: "green", Health.AMBER: "yellow", Health.RED: "bold red"}
STATES = {
    PointState.TAKEN: "yellow",
    PointState.LISTED: "",
    PointState.READ_CHECKED: "cyan",
    PointState.PROVEN: "green",
    PointState.EXPIRED: "dim",
    PointState.BAD: "bold red",
}


def list_plans(*, listing: Listing = LISTING) -> int:
    """Every plan: what it is worth now and why, its newest point and its newest proven one."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = backups.list_plans(database, clock.now())
    if not listed.wrote(found, found.plans):
        _show_list(listed.screen, found)
    return 0


def show(plan: Plan, /, *, common: Common = COMMON) -> int:
    """One plan: every reason for what it is worth, its restore points and its drills."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = backups.show_plan(database, plan, clock.now())
    screen.json(found) if common.json else _show_plan(screen, found)
    return 0


def preview(
    plan: Plan,
    /,
    *,
    keep_oldest: Annotated[
        bool | None,
        Parameter(
            help="Whether the oldest point stays while counts remain; default: as the workers' restic does.",
            negative="--no-keep-oldest",
        ),
    ] = None,
    common: Common = COMMON,
) -> int:
    """What retention would keep, spare and remove after a good run now, each with its reason; nothing is changed."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = backups.preview(database, plan, keep_oldest, clock.now())
    screen.json(found) if common.json else _show_preview(screen, found)
    return 0


def coverage(*, common: Common = COMMON) -> int:
    """Services and hosts with a good restore point, those without, those exempt, and plans that lost their source."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = backups.coverage(database, clock.now())
    screen.json(found) if common.json else _show_coverage(screen, found)
    return 0


def _show_list(screen: Screen, found: PlanList) -> None:
    if not found.plans:
        screen.say("This site has no backup plans yet: add one to backups.yaml, then `watchbill check`.")
        return
    times = words.Clock(found.timezone, found.at)
    grid = table("plan", "", "of", "newest", "proven", "points", "size", "", wide=("",), right=("points", "size"))
    for plan in found.plans:
        grid.add_row(
            Text(plan.name, "bold"),
            Text(plan.health.value, HEALTH[plan.health]),
            plan.on,
            words.ago(plan.newest, found.at) if plan.newest else Text("none", "dim"),
            words.ago(plan.proven, found.at) if plan.proven else Text("never", "dim"),
            str(plan.points),
            bytes_text(plan.size_bytes) if plan.size_bytes is not None else "",
            times.line(plan.why),
        )
    screen.show(grid)
    for repository in found.repositories:
        share = repository.share.in_words(found.at)
        faults = f": {repository.faults[0]}" if repository.faults else ""
        screen.show(words.line(f"repository {repository.name}: {share}{faults}", "red" if faults else "dim"))


def _show_plan(screen: Screen, found: PlanDetail) -> None:
    plan, times = found.plan, words.Clock(found.timezone, found.at)
    screen.show(Text.assemble((plan.name, "bold"), f"  {plan.title}"))
    screen.show(
        facts(
            [
                ("worth", Text(found.health.value, HEALTH[found.health])),
                ("why", Text("\n").join(times.line(reason.text, HEALTH[reason.health]) for reason in found.reasons)),
                ("RPO", found.rpo),
                ("RTO", found.rto),
                ("copies", found.copies),
                ("source", words.line(f"{plan.source.on}: {_source(found)}")),
                ("repository", plan.to + (f", copied to {plan.copy_to.repository}" if plan.copy_to else "")),
                ("keep", f"{plan.keep}; at least {plan.safeguards.at_least}"),
                ("owner", plan.owner),
                ("run-book", words.block(plan.runbook.strip())),
            ]
        )
    )
    _show_points(screen, found.points, times)
    _show_drills(screen, found.drills, times)
    screen.say(Text(f"\ntimes in {found.timezone}", "dim"))


def _source(found: PlanDetail) -> str:
    source = found.plan.source
    if source.postgresql:
        return f"PostgreSQL database {source.postgresql.database}"
    if source.sqlite:
        return f"SQLite {source.sqlite}"
    if source.watchbill:
        return "Watchbill's own state"
    if source.command:
        return f"the output of {' '.join(source.command.argv)}"
    return ", ".join(source.paths)


def _show_points(screen: Screen, points: tuple[PointLine, ...], times: words.Clock) -> None:
    screen.show(heading("Restore points"))
    if not points:
        screen.show(Text("none yet", "dim"))
        return
    grid = table("point", "taken", "state", "in", "size", "new", "files", "took", "", wide=("",), right=("size", "new"))
    for point in points:
        grid.add_row(
            short_key(point.key),
            times.when(point.taken_at),
            Text(point.state.value, STATES[point.state]),
            point.repository,
            bytes_text(point.size_bytes),
            bytes_text(point.added_bytes),
            f"{point.files:,}",
            age_text(timedelta(seconds=point.seconds)),
            times.line("; ".join([*([point.reason] if point.reason else []), *point.anomalies, *point.warnings])),
        )
    screen.show(grid)


def _show_drills(screen: Screen, drills: tuple[DrillLine, ...], times: words.Clock) -> None:
    screen.show(heading("Restore drills"))
    if not drills:
        screen.show(Text("none yet", "dim"))
        return
    grid = table("when", "point", "", "took", "files", "size", "run", "", wide=("",), right=("files", "size"))
    for drill in drills[:SHOWN_DRILLS]:
        grid.add_row(
            times.when(drill.started_at),
            short_key(drill.point),
            words.outcome(drill.outcome),
            age_text(timedelta(seconds=drill.seconds)),
            f"{drill.files:,}",
            bytes_text(drill.size_bytes),
            run_number(drill.run_id),
            times.line("; ".join([drill.reason, *drill.checks])),
        )
    screen.show(grid)


def _show_preview(screen: Screen, found: Preview) -> None:
    times, decided = words.Clock(found.timezone, clock.now()), found.decided
    oldest = "the oldest point stays while counts remain" if found.keeps_oldest else "as restic before 0.16"
    screen.show(Text.assemble((found.plan, "bold"), f"  keeps {found.policy} ({oldest}: {found.said_by})"))
    if decided.refusal:
        screen.warn(decided.refusal)
    grid = table("point", "taken", "state", "", "why", wide=("why",))
    rows: list[tuple[Point, str, str, str]] = [
        *((kept.point, "kept", "green", ", ".join(kept.reasons)) for kept in decided.kept),
        *((spared.point, "spared", "cyan", spared.reason) for spared in decided.spared),
        *((point, "removed", "red", "not wanted by the policy") for point in decided.removed),
    ]
    for point, word, colour, why in sorted(rows, key=lambda row: row[0].taken_at, reverse=True):
        state = Text(point.state.value, STATES[point.state])
        grid.add_row(short_key(point.key), times.when(point.taken_at), state, Text(word, colour), words.line(why))
    screen.show(grid)
    counts = f"{len(decided.kept)} kept, {len(decided.spared)} spared, {len(decided.removed)} would be removed"
    screen.say(Text(counts, "dim"))


def _show_coverage(screen: Screen, found: Coverage) -> None:
    parts: tuple[tuple[str, tuple[Covered, ...], str], ...] = (
        ("Not covered", found.not_covered, "red"),
        ("Plans without their source", found.lost_plans, "red"),
        ("Exempt", found.exempt, "yellow"),
        ("Covered", found.covered, "green"),
    )
    for title, findings, colour in parts:
        if findings:
            screen.show(heading(title))
            grid = table("", "", wide=("",))
            for finding in findings:
                grid.add_row(Text(finding.name, colour), words.line(finding.text))
            screen.show(grid)
    screen.show(Text(f"\ncovered: {found}", "bold"))
