"""Who is told what, and when: wishes, quiet hours, and how long a notice is tried."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendars import Calendar
from models.rules.field_error import FieldError
from models.rules.notices import (
    CONCERNED,
    FOR_NAMED,
    GIVE_UP_AFTER,
    INCIDENT_TAGS,
    NEVER_HELD,
    News,
    QuietHours,
    Telling,
    Times,
    When,
    Wish,
    next_try,
    quiet_by,
    soonest,
    telling,
    wants,
)
from models.rules.time_intervals import TimeInterval, TimeRange
from models.vocabulary import NoticeTag, WhenQuiet

PRIORITIES = ("P1", "P2", "P3", "P4")
OPENED, MAJOR_UPDATE = NoticeTag.INCIDENT_OPENED, NoticeTag.MAJOR_UPDATE
FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 11, 20, 23, tzinfo=UTC)
TIMES = Times(
    {"office": Calendar("office", hours={"mon-fri": ("08:00-18:00",)}), "lab": Calendar("lab", always=True)},
    {"night": [TimeInterval(times=(TimeRange("22:00", "24:00"),)), TimeInterval(times=(TimeRange("00:00", "06:00"),))]},
)


@pytest.mark.parametrize(
    ("wish", "news", "is_told", "why"),
    [
        (Wish(), News(OPENED, "P4"), True, "who names nothing hears all"),
        (Wish((NoticeTag.INCIDENT_BREACHED,)), News(OPENED), False, "only what is named"),
        (Wish((OPENED,)), News(OPENED), True, "what is named"),
        (Wish(least_priority="P2"), News(OPENED, "P1"), True, "above the least"),
        (Wish(least_priority="P2"), News(OPENED, "P2"), True, "the least itself"),
        (Wish(least_priority="P2"), News(OPENED, "P3"), False, "below the least"),
        (Wish(least_priority="P2"), News(OPENED, "major"), True, "major stands above all"),
        (Wish(least_priority="major"), News(OPENED, "P1"), False, "nothing but major"),
        (Wish(least_priority="P2"), News(OPENED, "Prio 9"), True, "an unknown priority is told"),
        (Wish(least_priority="Prio 9"), News(OPENED, "P4"), True, "an unknown least holds nothing back"),
        (Wish(least_priority="P2"), News(NoticeTag.ALERT_GROUP, "warning"), True, "a severity is no priority"),
        (Wish(least_priority="P2"), News(NoticeTag.SOURCE_SILENT), True, "nor is none"),
        (Wish(audience="board"), News(OPENED, "P1"), False, "the board hears of major incidents only"),
        (Wish(audience="board"), News(MAJOR_UPDATE, "major"), True, "and of each of their updates"),
        (Wish(audience="board"), News(MAJOR_UPDATE, "major", "technical"), False, "not those for others"),
        (Wish(audience="board"), News(MAJOR_UPDATE, "major", "board"), True, "those for the board"),
        (Wish(), News(MAJOR_UPDATE, "major", "board"), False, "an update for the board is not for those who mend"),
        (Wish(audience="board"), News(NoticeTag.INCIDENT_RESOLVED, "major"), True, "and of its solution"),
        (Wish(audience="board"), News(NoticeTag.INCIDENT_RESOLVED, "P1"), False, "not of another's"),
        (Wish((OPENED,), audience="board"), News(OPENED, "P3"), True, "unless it is named"),
        (Wish(audience="board"), News(NoticeTag.TEST), True, "a trial reaches all"),
    ],
)
def test_an_address_hears_what_it_wishes(wish: Wish, news: News, is_told: bool, why: str) -> None:
    verdict = wants(wish, news, PRIORITIES)
    assert verdict.allowed is is_told, why
    assert verdict.reason


@pytest.mark.parametrize(
    ("quiet", "at", "by"),
    [
        (None, FRIDAY_NIGHT, None),
        (QuietHours(during=("night",)), FRIDAY_NIGHT, "quiet during night"),
        (QuietHours(during=("night",)), FRIDAY_NOON, None),
        (QuietHours(during=("night",)), FRIDAY_NIGHT + timedelta(hours=7), None),  # 06:00 is no longer night
        (QuietHours(during=("night",)), FRIDAY_NIGHT + timedelta(hours=7, seconds=-1), "quiet during night"),
        (QuietHours(outside=("office",)), FRIDAY_NOON, None),
        (QuietHours(outside=("office",)), FRIDAY_NIGHT, "quiet outside of office"),
        (QuietHours(outside=("office", "lab")), FRIDAY_NIGHT, None),  # inside of one is enough
        (
            QuietHours(outside=("office", "night")),
            FRIDAY_NOON + timedelta(hours=8),
            "quiet outside of office and night",
        ),
        (QuietHours(during=("office",), outside=("lab",)), FRIDAY_NOON, "quiet during office"),
    ],
)
def test_quiet_hours_are_calendars_and_time_intervals(quiet: QuietHours | None, at: datetime, by: str | None) -> None:
    assert quiet_by(quiet, TIMES, at) == by


def test_quiet_hours_of_an_unknown_name_are_an_error() -> None:
    with pytest.raises(ValueError, match='no calendar and no time interval "nigth"'):
        quiet_by(QuietHours(during=("nigth",)), TIMES, FRIDAY_NOON)


def test_quiet_hours_that_are_never_are_refused() -> None:
    with pytest.raises(FieldError, match="never"):
        QuietHours()


@pytest.mark.parametrize(
    ("quiet", "news", "when", "why"),
    [
        (QuietHours(during=("night",)), News(OPENED, "P2"), When.HELD, "it waits for the morning"),
        (QuietHours(during=("night",), then=WhenQuiet.DROP), News(OPENED, "P2"), When.NEVER, "it is dropped"),
        (QuietHours(during=("night",)), News(OPENED, "major"), When.NOW, "a major incident is urgent by itself"),
        (QuietHours(during=("night",), urgent=("P1",)), News(OPENED, "P1"), When.NOW, "urgent by the file"),
        (QuietHours(during=("night",), urgent=("P1",)), News(OPENED, "major"), When.HELD, "the file says all"),
        (
            QuietHours(during=("night",), urgent=("critical",)),
            News(NoticeTag.ALERT_GROUP, "critical"),
            When.NOW,
            "alert",
        ),
        (
            QuietHours(during=("night",), then=WhenQuiet.DROP),
            News(NoticeTag.INCIDENT_ESCALATED, "P4"),
            When.NOW,
            "must",
        ),
    ],
)
def test_quiet_hours_hold_what_is_not_urgent(quiet: QuietHours, news: News, when: When, why: str) -> None:
    assert telling(Wish(quiet=quiet), news, "quiet during night").when is when, why
    assert telling(Wish(quiet=quiet), news, None).when is When.NOW, "nothing is held when it is not quiet"


@given(st.sampled_from(sorted(NEVER_HELD)), st.none() | st.sampled_from(PRIORITIES), st.sampled_from(WhenQuiet))
def test_what_somebody_must_act_upon_is_never_held(tag: NoticeTag, priority: str | None, then: WhenQuiet) -> None:
    wish = Wish(quiet=QuietHours(during=("night",), urgent=(), then=then))
    assert telling(wish, News(tag, priority), "quiet during night").when is When.NOW


def test_one_address_is_told_by_the_reason_that_tells_first() -> None:
    now, held, never = (Telling(when, "") for when in (When.NOW, When.HELD, When.NEVER))
    assert soonest([never, held, now, now]) == 2
    assert soonest([never, held]) == 1
    assert soonest([never]) == 0


def test_a_notice_is_tried_for_three_days_more_and_more_seldom() -> None:
    at, tries, times = FRIDAY_NOON, 1, []
    while (due := next_try(tries, FRIDAY_NOON, at)) is not None:
        times.append(due - at)
        at, tries = due, tries + 1
    assert times == sorted(times)
    assert times[-1] == timedelta(hours=1)
    assert GIVE_UP_AFTER - timedelta(hours=1) < at - FRIDAY_NOON <= GIVE_UP_AFTER


def test_every_event_of_an_incident_has_its_notice_and_concerns_somebody() -> None:
    told = set(INCIDENT_TAGS.values())
    assert {tag for tag in NoticeTag if tag.startswith(("incident-", "major-"))} == told
    assert set(CONCERNED) | FOR_NAMED | {NoticeTag.MAJOR_DECLARED, MAJOR_UPDATE} == told
