"""Silences: what may be silenced, by whom and for how long, and what is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.rules.matchers import parse_matchers
from models.rules.silences import LONGEST, Silence, silence_problems, silenced_by
from tests.rules.moments import utc

NOW = utc("2026-11-20 12:00")
M, H = timedelta(minutes=1), timedelta(hours=1)


def silence(matchers='service="shop"', starts=0 * H, ends=2 * H, author="anna", comment="moving the rack"):
    return Silence(parse_matchers(matchers), NOW + starts, NOW + ends, author, comment)


@pytest.mark.parametrize(
    ("given", "problem", "reason"),
    [
        (silence(), None, "all is said"),
        (silence('service=~"shop|files",host!=a'), None, "one that asks for a value is enough"),
        (silence(starts=3 * H, ends=4 * H), None, "it may begin later"),
        (silence(starts=-H, ends=H), None, "it may have begun"),
        (silence(ends=LONGEST), None, "the longest"),
        (silence(""), "every alert", "no matcher"),
        (silence('service!="shop"'), "every alert", "it holds without any label"),
        (silence('service=~".*"'), "every alert", "it holds without any label"),
        (silence("service=a,service=b"), "cannot both hold", "no alert can have both"),
        (silence(ends=0 * H), "not after its start", "no time at all"),
        (silence(starts=-2 * H, ends=-H), "is over already", "it would do nothing"),
        (silence(starts=-2 * H, ends=0 * H), "is over already", "the end does not belong to it"),
        (silence(ends=LONGEST + M), "longer than 92d", "an end that is none"),
        (silence(author=" "), "no author", "nobody to ask"),
        (silence(comment=""), "no comment", "nobody knows why"),
    ],
)
def test_a_silence_says_what_why_and_until_when(given, problem, reason):
    problems = list(silence_problems(given, NOW))
    assert len(problems) == (problem is not None), reason
    assert problem is None or problem in problems[0]


@pytest.mark.parametrize(
    ("ends", "before", "reason"),
    [
        (8 * H, 1 * H, "an hour before"),
        (4 * H, 1 * H, "a quarter is an hour"),
        (2 * H, 30 * M, "a quarter of what is short"),
    ],
)
def test_the_author_is_reminded_before_the_end(ends, before, reason):
    assert silence(ends=ends).remind_at == NOW + ends - before, reason


SHORT, LONG, LATER = (silence(ends=H), silence(ends=3 * H), silence(starts=H, ends=5 * H))


@pytest.mark.parametrize(
    ("silences", "labels", "now", "expected", "reason"),
    [
        ([], {"service": "shop"}, NOW, None, "there is none"),
        ([SHORT], {"service": "shop"}, NOW, SHORT, "its first moment"),
        ([SHORT], {"service": "shop"}, NOW + H, None, "its end does not belong to it"),
        ([SHORT], {"service": "files"}, NOW, None, "another service"),
        ([SHORT], {}, NOW, None, "no service"),
        ([SHORT, LONG, LATER], {"service": "shop"}, NOW, LONG, "the one that ends last, of those that hold"),
        ([LATER, LONG], {"service": "shop"}, NOW + H, LATER, "the one that ends last"),
    ],
)
def test_an_alert_is_silenced_by_the_silence_that_lasts_longest(silences, labels, now, expected, reason):
    assert silenced_by(silences, labels, now) == expected, reason


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="the end"):
        list(silence_problems(replace(silence(), ends=silence().ends.replace(tzinfo=None)), NOW))
