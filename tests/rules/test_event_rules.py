"""Event rules: what an event is, what becomes of it, and what is done about its alert."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.alert_thresholds import Threshold
from models.rules.event_binding import Bind, Inventory, KnownHost
from models.rules.event_policies import AlertPolicy, Corrective, IncidentPolicy, IncidentRule, Opens
from models.rules.event_rule import Dropped, EventRule, Fingerprint, PolicyRule
from models.rules.event_rules import MOST_SEEN, EventRules, judge
from models.rules.event_transforms import Enrich, LookupTable, Transform
from models.rules.field_error import FieldError
from models.rules.flapping import FlapThresholds
from models.rules.incoming import Incoming
from models.vocabulary import EventClass, EventStatus, Severity

M, H = timedelta(minutes=1), timedelta(hours=1)
FIRING, RESOLVED = EventStatus.FIRING, EventStatus.RESOLVED
NOTHING = PolicyRule()
SITE = Inventory(
    services={"shop": 1, "files": 4},
    hosts={"web1": KnownHost("shop", "10.0.0.1"), "nas": KnownHost("files", "nas.example.org"), "lone": KnownHost()},
)


def event(name="DiskFull", severity=Severity.CRITICAL, status=FIRING, key="", source="", **labels):
    return Incoming("alertmanager", name, status, severity, source=source, key=key, labels=labels)


def rules(*some, defaults=NOTHING, **tables):
    return EventRules(rules=some, defaults=defaults, tables=tables, inventory=SITE)


def rule(name="a", *matchers, **says):
    return EventRule(name=name, matchers=matchers, **says)


def judged(rule_set, one, source="am"):
    return judge(rule_set, one, source)


@pytest.mark.parametrize(
    ("severity", "status", "expected", "reason"),
    [
        (Severity.CRITICAL, FIRING, EventClass.EXCEPTION, "something is broken"),
        (Severity.HIGH, FIRING, EventClass.EXCEPTION, "something is broken"),
        (Severity.WARNING, FIRING, EventClass.WARNING, "something comes near its limit"),
        (Severity.LOW, FIRING, EventClass.WARNING, "something comes near its limit"),
        (Severity.INFO, FIRING, EventClass.INFORMATIONAL, "it asks for nothing"),
        (Severity.CRITICAL, EventStatus.INFORMATIONAL, EventClass.INFORMATIONAL, "it is no condition"),
    ],
)
def test_without_a_rule_the_severity_gives_the_class(severity, status, expected, reason):
    assert judged(rules(), event(severity=severity, status=status)).event_class is expected, reason


@pytest.mark.parametrize(
    ("some", "expected", "applied", "reason"),
    [
        ([rule("a", event_class=EventClass.WARNING)], EventClass.WARNING, ("a",), "a rule says it"),
        (
            [rule("a", event_class=EventClass.WARNING), rule("b", event_class=EventClass.INFORMATIONAL)],
            EventClass.INFORMATIONAL,
            ("a", "b"),
            "a later one overrides",
        ),
        (
            [rule("a", event_class=EventClass.WARNING, stop=True), rule("b", event_class=EventClass.INFORMATIONAL)],
            EventClass.WARNING,
            ("a",),
            "one that stops is the last",
        ),
        ([rule("a", "name=Other", event_class=EventClass.WARNING)], EventClass.EXCEPTION, (), "it is for others"),
        (
            [rule("a", event_class=EventClass.WARNING), rule("b", "name=DiskFull")],
            EventClass.WARNING,
            ("a", "b"),
            "one that says nothing of it leaves it",
        ),
    ],
)
def test_rules_apply_in_order(some, expected, applied, reason):
    found = judged(rules(*some), event())
    assert (found.event_class, found.rules) == (expected, applied), reason


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        ("name=DiskFull", True),
        ("source=am", True),
        ('sender="http://am1"', True),
        ("format=alertmanager", True),
        ("severity=~critical|high", True),
        ("status=firing", True),
        ("team=db", True),
        ("rack=~.+", False),
        ('rack=""', True),
        ("severity=page", False),
        ("sender_severity=page", True),
        ("sender_name=~.+", False),
    ],
)
def test_a_rule_asks_for_labels_and_for_words_of_ours_that_no_sender_can_set(matcher, holds):
    one = event(source="http://am1", team="db")
    one = one._replace(labels={**one.labels, "status": "gone", "severity": "page"})
    assert bool(judged(rules(rule("a", matcher)), one).rules) is holds


@pytest.mark.parametrize(
    ("some", "labels", "asks", "reason"),
    [
        ([], {"host": "web1:9100"}, "service=shop", "a host binds its service before the first rule"),
        ([], {"host": "web1:9100"}, "host=web1", "by the name that the site has for it"),
        ([], {"host": "other"}, "host=other", "what the site does not know is as the sender says"),
        ([], {}, 'service=""', "bound to none"),
        ([rule("a", bind=Bind(service="files"))], {"host": "web1"}, "service=files", "as a rule before it says"),
        ([rule("a", transform=Transform(set={"host": "nas"}))], {}, "service=files", "after a transform"),
    ],
)
def test_a_rule_asks_for_the_service_and_the_host_that_an_event_is_bound_to(some, labels, asks, reason):
    assert judged(rules(*some, rule("asks", asks)), event(**labels)).rules[-1:] == ("asks",), reason


def test_a_rule_sees_an_event_as_the_rules_before_it_left_it():
    found = judged(
        rules(
            rule("short", transform=Transform(set={"host": "{instance}"}, severity=Severity.WARNING, name="Disk")),
            rule("asks", "host=web1", "severity=warning", "name=Disk", event_class=EventClass.EXCEPTION),
            rule("not", "name=DiskFull"),
        ),
        event(instance="web1"),
    )
    assert found.rules == ("short", "asks")
    assert (found.event.name, found.event.severity, found.event.labels) == (
        "Disk",
        Severity.WARNING,
        {"instance": "web1", "host": "web1"},
    )


@pytest.mark.parametrize(
    ("transform", "before", "after", "reason"),
    [
        (Transform(set={"a": "x-{b}"}), {"b": "1"}, {"a": "x-1", "b": "1"}, "a text with a label"),
        (Transform(set={"a": "{b}"}), {}, {"a": ""}, "an absent label is an empty one"),
        (Transform(set={"a": "{{b}}"}), {"b": "1"}, {"a": "{b}", "b": "1"}, "a brace is doubled"),
        (Transform(copy={"b": "a"}), {"b": "1"}, {"a": "1", "b": "1"}, "copied"),
        (Transform(copy={"name": "what"}), {}, {"what": "DiskFull"}, "a word of ours can be copied"),
        (Transform(copy={"b": "a"}), {"a": "1"}, {"a": "1"}, "nothing to copy leaves what is there"),
        (Transform(rename={"b": "a"}), {"b": "1"}, {"a": "1"}, "renamed"),
        (Transform(drop=("b", "c")), {"a": "1", "b": "1"}, {"a": "1"}, "dropped, also what is not there"),
        (Transform(copy={"a": "b"}, set={"a": "2"}, drop=("c",)), {"a": "1", "c": "3"}, {"a": "2", "b": "1"}, "order"),
        (Transform(set={"severity-word": "x"}), {"severity": "page"}, {"severity-word": "x", "severity": "page"},
         "the sender's own label with a word of ours stays"),
    ],
)  # fmt: skip
def test_a_rule_transforms_labels(transform, before, after, reason):
    one = event()._replace(labels=before)
    assert judged(rules(rule("a", transform=transform)), one).event.labels == after, reason


@pytest.mark.parametrize(
    ("name", "labels", "after", "reason"),
    [
        ("{name} on {host}", {"host": "a"}, "DiskFull on a", "from labels"),
        ("{host}", {}, "DiskFull", "an empty name is none"),
        (" {host} ", {"host": "a\n b"}, "a b", "on one line"),
        ("{host}", {"host": "a" * 200}, "a" * 128, "as long as a name can be"),
    ],
)
def test_a_rule_gives_an_event_its_name(name, labels, after, reason):
    found = judged(rules(rule("a", transform=Transform(name=name))), event(**labels))
    assert found.event.name == found.labels["name"] == after, reason


def test_what_a_rule_sets_is_no_longer_than_a_label_can_be():
    doubling = rule("a", transform=Transform(set={"x": "{x}{x}{x}"}))
    found = judged(rules(*[doubling] * 20), event(x="12345678"))
    assert len(found.event.labels["x"]) == 1_024


WORDS = st.text(max_size=8)
NAMED = st.dictionaries(WORDS.filter(bool), WORDS, max_size=4)
ANY_RULE = st.builds(
    rule,
    WORDS,
    bind=st.none() | st.builds(Bind, service=st.just("{a}"), host=st.just("{b}:1")),
    transform=st.none()
    | st.builds(
        Transform,
        set=st.dictionaries(st.sampled_from("ab"), st.sampled_from(["{a}{b}", "{{", "{name}"])),
        rename=st.sampled_from([{}, {"a": "b"}, {"b": "severity-word"}]),
        name=st.none() | st.just("{a}"),
        severity=st.none() | st.sampled_from(list(Severity)),
    ),
    enrich=st.sampled_from([(), (Enrich("t", by="a"),)]),
    ignore=st.booleans(),
    stop=st.booleans(),
)


@given(st.lists(ANY_RULE, max_size=4), NAMED, st.sampled_from(list(EventStatus)), WORDS)
def test_whatever_comes_is_judged(some, labels, status, source):
    one = Incoming("own", "n", status, Severity.LOW, source=source, labels=labels)
    table = LookupTable("a", {"": {"x": "1"}, "n": {"a": "2", "severity": "page"}})
    found = judge(EventRules(tuple(some), inventory=SITE, tables={"t": table}), one, "s")
    assert found.event.name
    assert len(found.fingerprint) == 32
    assert found.labels["severity"] == found.event.severity.value
    assert all(type(value) is str for value in found.labels.values())


@pytest.mark.parametrize(
    ("make", "key", "reason"),
    [
        (lambda: Transform(set={"severity": "low"}), "set", "a word of ours is set beside"),
        (lambda: Transform(drop=("name",)), "drop", "a word of ours stays"),
        (lambda: Transform(rename={"source": "x"}), "rename", "a word of ours stays"),
        (lambda: Transform(set={"sender_severity": "x"}), "set", "a word of ours stays"),
        (lambda: Transform(copy={"x": ""}), "copy", "a label has a name"),
        (lambda: Transform(set={"a": "{b"}), "set", "a brace is not closed"),
        (lambda: Transform(name="a } b"), "name", "a brace is not opened"),
        (lambda: Enrich("t", add=("format",)), "add", "a word of ours"),
        (lambda: Bind(service="{"), "service", "a brace is not closed"),
        (lambda: IncidentRule(title="{}"), "title", "a label has a name"),
        (lambda: Corrective("x", attempts=0), "attempts", "none is no attempt"),
        (lambda: Corrective("x", attempts=21), "attempts", "no end"),
        (lambda: Corrective("x", wait=timedelta(0)), "wait", "no time to clear"),
        (lambda: Corrective("x", on="host={host"), "on", "a brace is not closed"),
        (lambda: Corrective("x", parameters={"a": "}"}), "parameters", "a brace is not opened"),
        (lambda: rule("a", "severity"), "matchers", "no matcher"),
        (lambda: rule("a", ignore=True, incident=IncidentRule()), "ignore", "both at once"),
    ],
)
def test_what_a_rule_cannot_say_is_refused_by_its_key(make, key, reason):
    with pytest.raises(FieldError) as error:
        make()
    assert error.value.key == key, reason


OWNERS = LookupTable("host", {"web1": {"team": "web", "tier": "1"}, "nas": {"team": "", "rack": "7"}})


@pytest.mark.parametrize(
    ("enrich", "before", "added", "reason"),
    [
        (Enrich("owners"), {"host": "web1"}, {"team": "web", "tier": "1"}, "every column of the row"),
        (Enrich("owners", add=("tier",)), {"host": "web1"}, {"tier": "1"}, "the columns that are named"),
        (Enrich("owners", by="instance"), {"instance": "web1"}, {"team": "web", "tier": "1"}, "another label"),
        (Enrich("owners"), {"host": "x"}, {}, "no such row"),
        (Enrich("owners"), {}, {}, "no such label"),
        (Enrich("owners"), {"host": "nas", "team": "old"}, {"rack": "7"}, "an empty cell says nothing"),
        (Enrich("owners"), {"host": "web1", "team": "old"}, {"team": "web", "tier": "1"}, "the table knows better"),
    ],
)
def test_a_rule_adds_labels_from_a_table(enrich, before, added, reason):
    found = judged(rules(rule("a", enrich=(enrich,)), owners=OWNERS), event(**before))
    assert found.event.labels == {**before, **added}, reason


@pytest.mark.parametrize(
    ("some", "labels", "service", "host", "notes", "reason"),
    [
        ([], {}, None, None, 0, "nothing is named"),
        ([], {"service": "shop"}, "shop", None, 0, "by its label"),
        ([], {"host": "web1"}, "shop", "web1", 0, "a host binds its service"),
        ([], {"host": "web1", "service": "files"}, "files", "web1", 0, "the service that is named is it"),
        ([], {"host": "web1", "service": "x"}, "shop", "web1", 1, "one that is not known is said"),
        ([], {"host": "x"}, None, None, 1, "a host that is not known is said"),
        ([], {"host": "lone"}, None, "lone", 0, "a host without a service"),
        ([], {"host": "web1:9100"}, "shop", "web1", 0, "a port is no part of a name"),
        ([], {"host": "web1.example.org:22"}, "shop", "web1", 0, "nor is a domain"),
        ([], {"host": "10.0.0.1:22"}, "shop", "web1", 0, "by its address"),
        ([], {"host": "nas.example.org"}, "files", "nas", 0, "by its address"),
        ([rule("a", bind=Bind(service="files"))], {"host": "web1"}, "files", "web1", 0, "a rule says it"),
        ([rule("a", bind=Bind(host="{instance}"))], {"instance": "web1"}, "shop", "web1", 0, "from another label"),
        ([rule("a", bind=Bind(host="web1")), rule("b", bind=Bind(host="nas"))], {}, "files", "nas", 0, "the later"),
        ([rule("a", transform=Transform(set={"host": "nas"}))], {}, "files", "nas", 0, "after transforms"),
    ],
)
def test_an_event_is_bound_to_service_and_host(some, labels, service, host, notes, reason):
    found = judged(rules(*some), event(**labels))
    assert (found.service, found.host, len(found.notes)) == (service, host, notes), reason


@pytest.mark.parametrize(
    ("some", "one", "other", "same", "reason"),
    [
        ([], event(host="a"), event(host="a"), True, "the same labels"),
        ([], event(host="a"), event(host="b"), False, "another label"),
        ([], event(host="a"), event("Other", host="a"), False, "another name"),
        ([], event(host="a"), event(host="a", source="x"), False, "another sender"),
        ([], event(host="a"), event(host="a", severity=Severity.LOW), True, "how bad it is may change"),
        ([], event(host="a"), event(host="a", status=RESOLVED, severity=Severity.INFO), True, "its end finds it"),
        ([], event(key="k", host="a"), event("Other", key="k", host="b"), True, "the sender's key tells"),
        ([], event(key="k"), event(key="l"), False, "another key"),
        ([], event(key="k"), event(key="k", source="x"), False, "another sender's key"),
        ([rule(fingerprint=Fingerprint(("pod",)))], event(key="k", pod="1"), event(key="l", pod="2"), True,
         "a rule that ignores labels puts the labels in place of the key"),
        ([rule(fingerprint=Fingerprint(("pod",)))], event(pod="1"), event(pod="1", host="a"), False, "other labels"),
        ([rule(fingerprint=Fingerprint(("name",)))], event("CPU 91 %"), event("CPU 95 %"), True, "a name may vary"),
        ([rule(fingerprint=Fingerprint(("a",))), rule("b", fingerprint=Fingerprint(()))],
         event(a="1"), event(a="2"), False, "the later rule"),
        ([rule("a", "severity=critical", transform=Transform(set={"x": "1"}, name="N"))],
         event(), event(status=RESOLVED, severity=Severity.INFO), True, "what rules change does not tell"),
    ],
)  # fmt: skip
def test_the_fingerprint_tells_conditions_apart(some, one, other, same, reason):
    known = rules(*some)
    assert (judged(known, one).fingerprint == judged(known, other).fingerprint) is same, reason


@given(
    st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=4)] * 3), min_size=2, max_size=2)
)
def test_no_two_conditions_share_a_fingerprint_whatever_their_words_are(two):
    events = [event(name or "n", key=key, source=source or "s") for source, name, key in two]
    one, other = (judged(rules(), each).fingerprint for each in events)
    same = [(each.source, each.key or (each.name,)) for each in events]
    assert (one == other) == (same[0] == same[1])


@pytest.mark.parametrize(
    ("some", "status", "by", "for_alerts", "reason"),
    [
        ([], FIRING, "", True, "nobody ignores it"),
        ([rule("noise", ignore=True)], FIRING, "noise", False, "ignored"),
        ([rule("noise", ignore=True), rule("b")], FIRING, "noise", False, "a later rule takes nothing back"),
        ([rule("noise", ignore=True)], RESOLVED, "", True, "an end may end what fired before the rule was there"),
        ([rule("low", event_class=EventClass.INFORMATIONAL)], FIRING, "", False, "it is no alert"),
        ([rule("low", event_class=EventClass.INFORMATIONAL)], RESOLVED, "", True, "it may end one"),
        ([rule("low", event_class=EventClass.INFORMATIONAL)], EventStatus.ACKNOWLEDGED, "", True, "it may own one"),
        ([rule("up", event_class=EventClass.EXCEPTION)], EventStatus.INFORMATIONAL, "", False, "no rule makes it one"),
    ],
)
def test_some_events_are_no_alerts(some, status, by, for_alerts, reason):
    found = judged(rules(*some), event(status=status))
    assert (found.ignored_by, found.is_for_alerts) == (by, for_alerts), reason


FLAPS, THREE = FlapThresholds(), Threshold(3, 5 * M)
RESTART = Corrective("restart", parameters={"host": "{host}"})


@pytest.mark.parametrize(
    ("defaults", "some", "expected", "reason"),
    [
        (PolicyRule(), [], AlertPolicy(), "nothing is said"),
        (PolicyRule(delay=M), [], AlertPolicy(delay=M), "the defaults"),
        (PolicyRule(delay=M), [rule("a", delay=H)], AlertPolicy(delay=H), "a rule overrides them"),
        (PolicyRule(delay=M), [rule("a", delay=0 * M)], AlertPolicy(), "0s takes a time back"),
        (PolicyRule(flapping=FLAPS), [rule("a", without=(Dropped.FLAPPING,))], AlertPolicy(), "taken back"),
        (
            PolicyRule(flapping=FLAPS),
            [rule("a", without=(Dropped.FLAPPING,)), rule("b", flapping=FLAPS)],
            AlertPolicy(flapping=FLAPS),
            "and said again",
        ),
        (
            PolicyRule(auto_resolve_after=H),
            [rule("a", threshold=THREE), rule("b", acknowledge_for=M, corrective=(RESTART,))],
            AlertPolicy(threshold=THREE, auto_resolve_after=H, acknowledge_for=M, corrective=(RESTART,)),
            "each says its part",
        ),
        (PolicyRule(), [rule("a", corrective=(RESTART,)), rule("b", corrective=())], AlertPolicy(), "[] takes it back"),
    ],
)
def test_the_policy_is_what_the_defaults_and_the_rules_say_together(defaults, some, expected, reason):
    found = judged(rules(*some, defaults=defaults), event(severity=Severity.WARNING)).policy
    assert found == expected, reason


@pytest.mark.parametrize(
    ("defaults", "some", "severity", "expected", "reason"),
    [
        (None, [], Severity.WARNING, None, "a warning stays an alert"),
        (None, [], Severity.INFO, None, "it is no alert"),
        (None, [], Severity.HIGH, IncidentPolicy("medium", "high"), "an exception opens one"),
        (IncidentRule(team="web"), [], Severity.WARNING, None, "defaults open nothing by themselves"),
        (IncidentRule(team="web"), [], Severity.HIGH, IncidentPolicy("medium", "high", team="web"), "the defaults"),
        (None, [rule("a", incident=IncidentRule())], Severity.WARNING, IncidentPolicy("medium", "low"), "asked for"),
        (None, [rule("a", incident=IncidentRule(opens=Opens.NEVER))], Severity.HIGH,
         IncidentPolicy("medium", "high", opens=Opens.NEVER), "never, by a rule"),
        (IncidentRule(team="web", reopen_within=M),
         [rule("a", incident=IncidentRule(impact="low", team="db")), rule("b", incident=IncidentRule(title="{host}"))],
         Severity.HIGH,
         IncidentPolicy("low", "high", team="db", title="{host}", reopen_within=M), "key by key, the last holds"),
        (IncidentRule(resolves_itself=False), [], Severity.HIGH,
         IncidentPolicy("medium", "high", resolves_itself=False), "a no is said too"),
    ],
)  # fmt: skip
def test_the_incident_is_what_the_defaults_and_the_rules_say_together(defaults, some, severity, expected, reason):
    found = judged(rules(*some, defaults=PolicyRule(incident=defaults)), event(severity=severity)).policy
    assert found.incident == expected, reason


def test_routes_and_texts_ask_for_labels_and_for_what_the_rules_found():
    found = judged(rules(rule("a", transform=Transform(severity=Severity.LOW))), event(host="web1.example.org"))
    assert found.labels == {
        "host": "web1",
        "service": "shop",
        "class": "warning",
        "name": "DiskFull",
        "severity": "low",
        "source": "am",
        "sender": "",
        "format": "alertmanager",
    }


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6))
def test_judging_again_gives_the_same_with_the_text_and_the_facts_of_each(hosts):
    known = rules(rule("a", "host=~a|b", transform=Transform(set={"x": "{host}"}, severity=Severity.LOW)))
    for number, host in enumerate(hosts):
        one = event(host=host)._replace(text=f"text {number}", facts={"n": number})
        again, fresh = judged(known, one), judged(rules(*known.rules), one)
        assert again == fresh
        assert (again.event.text, again.event.facts) == (f"text {number}", {"n": number})


def test_what_is_kept_of_judgements_is_bounded_and_holds_no_texts():
    known = rules()
    for number in range(MOST_SEEN + 5):
        judged(known, event(key=str(number))._replace(text="long", facts={"n": number}))
    assert 0 < len(known.seen) <= MOST_SEEN
    assert {one.event.text for one in known.seen.values()} == {""}


def test_an_event_that_no_rule_changes_is_handed_on_as_it_is():
    known, one, other = rules(), event(host="web1"), event(host="web1")
    assert judged(known, one).event is one
    assert judged(known, other).event is other
