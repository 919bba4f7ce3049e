"""Figures of tickets: each ticket once, in the period of what the figure is about, and nothing is no zero."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.measures import By, MeasuredTicket, Trail, figures, grouped, percent, spread, top, trail_of
from models.rules.periods import Period, period_of

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ticket(opened: datetime = MONDAY, hours: float | None = None, **more: object) -> MeasuredTicket:
    solved = None if hours is None else opened + hours * HOUR
    values: dict[str, object] = {
        "groups": {By.PRIORITY: "P1"},
        "opened_at": opened,
        "solved_at": solved,
        "ended_at": solved,
        "last_at": solved or opened,
        "trail": Trail(first_solved_at=solved),
        "reopened": 0,
        "reassigned": 0,
        "sla": None,
        "is_overdue": False,
        "sla_there": None,
        "business_seconds": None,
        "is_cancelled": False,
        "is_duplicate": False,
    }
    return MeasuredTicket(**(values | more))  # type: ignore[arg-type]


def test_the_promise_is_counted_by_ticket() -> None:
    kept = [ticket(hours=1, sla=True, sla_there=False), ticket(hours=2, sla=False), ticket(hours=3), ticket(sla=None)]
    found = figures(kept, Period("all"))
    assert (found.sla.kept, found.sla.n, found.sla.percent) == (1, 2, 50.0)
    assert (found.sla_there.kept, found.sla_there.n, found.sla_there.percent) == (0, 1, 0.0)


def test_nothing_is_no_zero() -> None:
    found = figures([], Period("all"))
    assert found.sla.percent is None
    assert found.reopen_percent is None
    assert found.resolution_hours == spread([])
    assert found.resolution_hours.median is None


def test_a_ticket_counts_where_it_was_opened_and_where_it_was_solved() -> None:
    november = period_of("2026-11", "UTC")
    crossing = ticket(datetime(2026, 10, 31, tzinfo=UTC), hours=48)
    later = ticket(datetime(2026, 11, 30, tzinfo=UTC), hours=48)
    found = figures([crossing, later], november)
    assert (found.opened, found.solved, found.open) == (1, 1, 1)
    assert found.resolution_hours.n == 1


def test_groups_come_with_the_largest_first() -> None:
    tickets = [ticket(groups={By.TEAM: name}) for name in ("web", "data", "web", None)]
    assert list(grouped(tickets, By.TEAM, Period("all"))) == ["web", "data", "none"]
    assert top(tickets, By.TEAM, Period("all")) == {"web": 2, "data": 1}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_percentiles_lie_on_the_line_between_two_values(values: list[float]) -> None:
    found = spread(values)
    for share, got in ((50, found.median), (90, found.p90), (95, found.p95)):
        assert got == pytest.approx(float(np.percentile(values, share)), abs=1e-3)


def test_a_percentage_of_nothing_is_not_known() -> None:
    assert (percent(0, 0), percent(1, 3)) == (None, 33.3333)


@pytest.mark.parametrize(
    ("teams", "handovers", "is_ping_pong"),
    [
        ([], 0, False),
        (["web"], 0, False),
        (["web", "web"], 0, False),
        (["web", "data"], 1, False),
        (["web", "data", "web"], 2, True),
        (["web", None, "data"], 1, False),
    ],
)
def test_hands_are_counted(teams: list[str | None], handovers: int, is_ping_pong: bool) -> None:
    steps = [(MONDAY + number * HOUR, "new", {"team": team}) for number, team in enumerate(teams)]
    found = trail_of(steps, "resolved")
    assert (found.handovers, found.is_ping_pong, found.reassigned) == (handovers, is_ping_pong, handovers)


def test_the_way_knows_the_first_solution_and_the_last_move() -> None:
    steps = [
        (MONDAY, "new", {}),
        (MONDAY + HOUR, "resolved", {}),
        (MONDAY + 2 * HOUR, "in progress", {"owner": "ada"}),
        (MONDAY + 3 * HOUR, "resolved", {"owner": "bob"}),
        (MONDAY + 9 * HOUR, None, {}),
    ]
    found = trail_of(steps, "resolved")
    assert (found.first_solved_at, found.last_at) == (MONDAY + HOUR, MONDAY + 3 * HOUR)
    assert found.reassigned == 1


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", "2025-12-31T23:00:00+00:00", "2026-12-31T23:00:00+00:00"),
        ("2026-11", "2026-10-31T23:00:00+00:00", "2026-11-30T23:00:00+00:00"),
        ("2026-12", "2026-11-30T23:00:00+00:00", "2026-12-31T23:00:00+00:00"),
        ("2026-q3", "2026-06-30T22:00:00+00:00", "2026-09-30T22:00:00+00:00"),
        ("2026-11-01..2026-11-01", "2026-10-31T23:00:00+00:00", "2026-11-01T23:00:00+00:00"),
    ],
)
def test_a_period_is_in_days_of_the_site(text: str, since: str, until: str) -> None:
    found = period_of(text, "Europe/Berlin")
    assert (found.since, found.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))


@pytest.mark.parametrize("text", ["", "november", "2026-13", "2026-Q5", "2026-11-02..2026-11-01", "..", "0000"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no period|ends before"):
        period_of(text, "UTC")
