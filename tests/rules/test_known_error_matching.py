"""How known errors recognise incidents: a table of cases, what they are filed under, and what solved ones teach."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.known_error_filing import filed_under, keys_of, possible_keys
from models.rules.known_error_lessons import Lesson, Like, likenesses
from models.rules.known_error_matching import (
    Recognition,
    Seen,
    as_spec,
    in_words,
    of_spec,
    recognise,
)
from models.rules.known_error_words import Mask, Said, words_of
from models.rules.known_errors import KnownErrorFacts, KnownErrorPolicy, Tally, known_error_id_of, problems_of

SAID = Said(("Checkout: connection pool exhausted", "ORA-01555 on DB1; Größe too small, timed_out"))
SEEN = Seen(
    said=SAID,
    service="shop",
    categories=("postgresql", "database"),
    host="web12",
    alerts=({"name": "HttpDown", "job": "shop-front"}, {"name": "SlowCheckout", "env": "prod"}),
)

CASES = {
    "service": (Recognition(service="shop"), "service shop"),
    "another service": (Recognition(service="files"), None),
    "category": (Recognition(category="postgresql"), "category postgresql"),
    "a category above": (Recognition(category="database"), "category database"),
    "a category beside": (Recognition(category="oracle"), None),
    "host": (Recognition(host="web12"), "host web12"),
    "host, shell style": (Recognition(host="web*"), "host web12, which is web*"),
    "host, one sign": (Recognition(host="web?"), None),
    "a dot of a host is a dot": (Recognition(host="web.2"), None),
    "host, a pattern": (Recognition(host="~web[0-9]+"), "host web12, which is ~web[0-9]+"),
    "host, a pattern of all of it": (Recognition(host="~web[0-9]"), None),
    "labels of one alert": (Recognition('name="HttpDown",job=~"shop-.*"'), 'an alert {job=~"shop-.*",name="HttpDown"}'),
    "labels of two alerts": (Recognition('name="HttpDown",env="prod"'), None),
    "words in any order": (Recognition(texts=("exhausted POOL",)), "the words 'exhausted POOL'"),
    "a word that is not there": (Recognition(texts=("exhausted queue",)), None),
    "part of a word": (Recognition(texts=("exhaust",)), None),
    "a wild card": (Recognition(texts=("exhaust*",)), "the words 'exhaust*'"),
    "a phrase": (Recognition(texts=('"connection pool"',)), "the words '\"connection pool\"'"),
    "a phrase in another order": (Recognition(texts=('"pool connection"',)), None),
    "a phrase does not reach into the description": (Recognition(texts=('"exhausted ORA"',)), None),
    "a code": (Recognition(texts=("ora-01555",)), "the words 'ora-01555'"),
    "a code in another order": (Recognition(texts=("01555-ora",)), None),
    "letters of any language": (Recognition(texts=("GRÖSSE",)), "the words 'GRÖSSE'"),
    "one of two masks": (Recognition(texts=("queue", "pool")), "the words 'pool'"),
    "of two masks that match, the longer": (
        Recognition(texts=("pool", "pool exhausted")),
        "the words 'pool exhausted'",
    ),
    "all that is given": (
        Recognition(service="shop", category="database", texts=("pool",)),
        "service shop, category database, the words 'pool'",
    ),
    "all but one": (Recognition(service="shop", category="network", texts=("pool",)), None),
    "nothing is asked for": (Recognition(), None),
}


@pytest.mark.parametrize(("wanted", "why"), CASES.values(), ids=CASES)
def test_a_known_error_recognises_an_incident_by_all_that_is_given(wanted: Recognition, why: str | None) -> None:
    found = recognise(wanted, SEEN)
    assert (found.why if found else None) == why
    assert wanted.checked() is wanted
    assert of_spec(json.loads(json.dumps(as_spec(wanted)))) == wanted
    if found:
        for filed in ({}, dict.fromkeys(possible_keys(wanted), 3)):
            assert filed_under(wanted, filed) & keys_of(SEEN), "it is found under what it is filed under"


def test_an_incident_without_alerts_is_never_recognised_by_labels() -> None:
    assert recognise(Recognition('team!="db"'), replace(SEEN, alerts=())) is None
    assert recognise(Recognition('team!="db"'), SEEN) is not None


def test_the_more_holds_the_surer_it_is() -> None:
    wanted = [Recognition(service="shop"), Recognition(service="shop", texts=("pool",)), Recognition(host="web12")]
    scores = [found.score for one in wanted if (found := recognise(one, SEEN))]
    assert scores == [2, 3, 3]


@pytest.mark.parametrize(
    ("wanted", "key", "words"),
    [
        ({"texts": ("*",)}, "texts", "stands for any word"),
        ({"texts": ("...",)}, "texts", "no word to look for"),
        ({"texts": ('"open',)}, "texts", "a quote is not closed"),
        ({"texts": ("a" * 201,)}, "texts", "at most 200"),
        ({"texts": tuple("abcdefghijklmnopqrstu")}, "texts", "at most 20"),
        ({"host": "~web["}, "host", "column"),
        ({"matchers": "a=b,a=c"}, "matchers", "cannot both hold"),
        ({"matchers": "a"}, "matchers", "is not a matcher"),
        ({"matchers": "{}"}, "matchers", "asks for no label"),
    ],
)
def test_what_cannot_be_read_or_never_holds_is_refused(wanted: dict[str, object], key: str, words: str) -> None:
    with pytest.raises(FieldError, match=words) as error:
        Recognition(**wanted).checked()  # type: ignore[arg-type]
    assert error.value.key == key


def test_what_one_asks_for_is_said_in_one_line() -> None:
    wanted = Recognition('a="b"', "shop", "database", "web*", ("pool", "queue"))
    words = "service shop, category database, host web*, an alert {a=\"b\"}, the words 'pool' or the words 'queue'"
    assert (in_words(wanted), in_words(Recognition())) == (words, "nothing")


WORDS = st.text(alphabet="abA.- ÄßéI\n\"'0_İ", max_size=60)


@given(WORDS, WORDS)
def test_a_mask_never_matches_what_its_words_are_not_in(mask: str, text: str) -> None:
    try:
        asked = Mask(mask)
    except ValueError:
        assert mask.count('"') % 2 or not words_of(mask)
        return
    said = Said((text,))
    assert set(asked.plain_words) == set(words_of(mask))
    if said.matches(asked):
        assert set(words_of(mask)) <= set(words_of(text))
    assert Said((mask,)).matches(asked), "what it asks for matches itself"


@given(st.permutations([Recognition(texts=(word,)) for word in ("pool", "exhausted", "queue", "on", "ora-01555")]))
def test_what_is_recognised_does_not_depend_on_the_order(order: list[Recognition]) -> None:
    seen = replace(SEEN, said=Said(SAID.texts))
    assert {(one.texts, str(recognise(one, seen))) for one in order} == {
        (one.texts, str(recognise(one, SEEN))) for one in order
    }


LESSONS = [
    Lesson(1, "INC000011", "Shop: connection pool exhausted on db1"),
    Lesson(1, "INC000012", "connection pool is empty again"),
    Lesson(2, "INC000013", "Certificate of the shop has run out"),
]
OTHERS = ["Shop is slow", "Shop: basket is empty", "Shop: connection refused", *(f"Shop: page {n}" for n in range(8))]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Shop: pool of connections exhausted", [Like(1, "INC000011", ("exhausted", "pool"))]),
        ("certificate has run out", [Like(2, "INC000013", ("certificate", "has", "out", "run"))]),
        ("Shop: page 5 is slow", []),
        ("pool", []),
        ("the pool in the garden of the harbour master is exhausted by many swimmers today", []),
        ("", []),
    ],
    ids=["rare words", "another one", "words that all have", "one word is none", "few of many words", "no words"],
)
def test_an_incident_is_like_one_with_which_it_shares_rare_words(title: str, found: list[Like]) -> None:
    assert likenesses(title, LESSONS, OTHERS) == found
    assert likenesses(title, LESSONS[::-1], OTHERS[::-1]) == found, "whatever their order"


def test_words_that_every_other_incident_has_teach_nothing() -> None:
    assert likenesses("connection pool exhausted", LESSONS[:1], ["pool exhausted"] * 5) == []
    assert likenesses("connection pool exhausted", LESSONS[:1], []) != []


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (KnownErrorPolicy(), False),
        (KnownErrorPolicy(automatic=True), True),
        (KnownErrorPolicy(automatic=True, jobs=frozenset({"restart"}), services=frozenset({"shop"})), True),
        (KnownErrorPolicy(automatic=True, jobs=frozenset({"reboot"})), False),
        (KnownErrorPolicy(automatic=True, services=frozenset({"files"})), False),
    ],
    ids=["not by default", "all", "these", "other jobs", "other services"],
)
def test_a_workaround_runs_itself_only_where_the_policy_allows_it(policy: KnownErrorPolicy, *, allowed: bool) -> None:
    verdict = policy.allows("restart", "shop")
    assert verdict.allowed is allowed
    assert allowed or verdict.reason.startswith("problems.yaml")


def test_the_number_of_a_known_error_is_read_as_people_say_it() -> None:
    assert [known_error_id_of(text) for text in ("KE000012", "ke12", " 12 ")] == [12, 12, 12]
    for text in ("INC000012", "KE", "KE0", "KE-1"):
        with pytest.raises(ValueError, match="it looks like KE000012"):
            known_error_id_of(text)


def test_what_cannot_be_written_down_is_said() -> None:
    wrong = KnownErrorFacts(title="", symptom="x\0", runs_itself=True, check_job="check")
    words = list(problems_of(wrong))
    assert [word in "; ".join(words) for word in ("title", "symptom", "run by itself", "none to check")] == [True] * 4
    assert list(problems_of(KnownErrorFacts("a", "b"))) == []


def test_a_share_is_of_the_uses_of_which_it_is_known() -> None:
    assert Tally(9, 4, 2, 1).worked_percent == 67
    assert Tally(9, 4).worked_percent is None
