"""What needs a backup and has none, and which plans have lost their source."""

import pytest

from models.rules.coverage import Asset, AssetKind, Exemption, PlanScope, coverage
from tests.rules.backup_points import DAY, NOW

WEB = Asset(AssetKind.HOST, "web1")
SHOP = Asset(AssetKind.SERVICE, "shop", hosts=("web1", "db1"))
PLAN = PlanScope("files", host="web1", has_good_point=True)


@pytest.mark.parametrize(
    ("asset", "plans", "where", "text", "reason"),
    [
        (WEB, [PLAN], "covered", "by files", "its plan has a point"),
        (WEB, [], "not_covered", "no plan", "no plan"),
        (WEB, [PlanScope("files", host="web1")], "not_covered", "files: no good restore point yet", "only a plan"),
        (WEB, [PlanScope("files", host="web2", has_good_point=True)], "not_covered", "no plan", "another's plan"),
        (SHOP, [PlanScope("db", service="shop", has_good_point=True)], "covered", "by db", "a plan of the service"),
        (SHOP, [PLAN], "not_covered", "no plan", "one of two hosts"),
        (
            SHOP,
            [PLAN, PlanScope("rows", host="db1", has_good_point=True)],
            "covered",
            "by the plans of all its hosts",
            "both hosts",
        ),
        (Asset(AssetKind.SERVICE, "web1"), [PLAN], "not_covered", "no plan", "a service with the name of a host"),
        (
            Asset(AssetKind.HOST, "lab", exemption=Exemption("Ada", "made anew each night")),
            [],
            "exempt",
            "by Ada for good: made anew each night",
            "somebody took the risk",
        ),
        (
            Asset(AssetKind.HOST, "lab", exemption=Exemption("Ada", "moves", NOW + DAY)),
            [],
            "exempt",
            "by Ada until 2026-11-22: moves",
            "for a while",
        ),
        (
            Asset(AssetKind.HOST, "lab", exemption=Exemption("Ada", "moves", NOW)),
            [],
            "not_covered",
            "no plan, and its exemption by Ada ended on 2026-11-21",
            "the while is over",
        ),
    ],
)
def test_each_item_in_scope_is_covered_or_not_or_exempt(asset, plans, where, text, reason):
    found = coverage([asset], plans, NOW)
    lists = {name: getattr(found, name) for name in ("covered", "not_covered", "exempt")}
    assert {name for name, items in lists.items() if items} == {where}, reason
    assert lists[where][0].text == text
    assert lists[where][0].name == str(asset)


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (PlanScope("old", host="web9", has_good_point=True), "its host web9 is not in the site"),
        (PlanScope("old", service="wiki"), "its service wiki is not in the site"),
        (PlanScope("old", host="web1", missing_source="/srv/shop"), "its source is gone: /srv/shop"),
    ],
)
def test_a_plan_whose_source_is_gone_is_listed(plan, text):
    found = coverage([WEB, Asset(AssetKind.SERVICE, "shop", needs_backup=False)], [PLAN, plan], NOW)
    assert [(item.name, item.text) for item in found.lost_plans] == [("old", text)]
    assert not found.is_complete


def test_the_line_of_completeness_counts_what_is_in_scope():
    lab = Asset(AssetKind.HOST, "lab", exemption=Exemption("Ada", "a lab"))
    toy = Asset(AssetKind.HOST, "toy", needs_backup=False)
    found = coverage([WEB, SHOP, lab, toy], [PLAN], NOW)
    assert str(found) == "1 of 2 items in scope"
    assert not found.is_complete
    assert coverage([WEB, toy], [PLAN], NOW).is_complete


def test_without_an_item_in_scope_nothing_is_complete():
    found = coverage([], [], NOW)
    assert (str(found), found.is_complete) == ("no item is in scope", False)
