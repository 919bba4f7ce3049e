"""Which services and hosts need a backup and have none, and which plans back up what is no longer there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.rules.wall_clock import require_aware


class AssetKind(StrEnum):
    """What can need a backup."""

    SERVICE = "service"
    HOST = "host"


@dataclass(frozen=True)
class Exemption:
    """Somebody took the risk, with a reason; `until` None is for good."""

    by: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class Asset:
    """A service or a host of the site."""

    kind: AssetKind
    name: str
    needs_backup: bool = True
    exemption: Exemption | None = None
    hosts: tuple[str, ...] = ()
    """Of a service: the hosts that it runs on."""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


@dataclass(frozen=True)
class PlanScope:
    """What a plan backs up. A plan that never gave a good point covers nothing."""

    plan: str
    service: str | None = None
    host: str | None = None
    has_good_point: bool = False
    missing_source: str | None = None
    """What the last run did not find; None when all was there."""


@dataclass(frozen=True)
class Finding:
    """One asset or plan, and what is to be said of it."""

    name: str
    text: str


@dataclass(frozen=True)
class Coverage:
    """What is covered, what is not, what need not be, and which plans have lost their source."""

    covered: tuple[Finding, ...]
    not_covered: tuple[Finding, ...]
    exempt: tuple[Finding, ...]
    lost_plans: tuple[Finding, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all that needs a backup has one and every plan has its source; never without anything in scope."""
        return bool(self.covered) and not self.not_covered and not self.lost_plans

    def __str__(self) -> str:
        in_scope = len(self.covered) + len(self.not_covered)
        return f"{len(self.covered)} of {in_scope} items in scope" if in_scope else "no item is in scope"


def coverage(assets: Sequence[Asset], plans: Sequence[PlanScope], now: datetime) -> Coverage:
    """Each asset that needs a backup in one of three lists, and the plans whose source is gone."""
    now = require_aware(now, "now")
    covered, not_covered, exempt = [], [], []
    for asset in assets:
        if not asset.needs_backup:
            continue
        if asset.exemption is not None and not _is_over(asset.exemption, now):
            exempt.append(Finding(str(asset), _exempt_text(asset.exemption)))
            continue
        by = _plans_of(asset, plans)
        good = [plan.plan for plan in by if plan.has_good_point]
        if good or _hosts_are_covered(asset, plans):
            covered.append(Finding(str(asset), f"by {', '.join(good)}" if good else "by the plans of all its hosts"))
        else:
            not_covered.append(Finding(str(asset), _why_not(asset, by, now)))
    return Coverage(tuple(covered), tuple(not_covered), tuple(exempt), tuple(_lost(assets, plans)))


def _plans_of(asset: Asset, plans: Sequence[PlanScope]) -> list[PlanScope]:
    if asset.kind is AssetKind.SERVICE:
        return [plan for plan in plans if plan.service == asset.name]
    return [plan for plan in plans if plan.host == asset.name]


def _hosts_are_covered(asset: Asset, plans: Sequence[PlanScope]) -> bool:
    with_point = {plan.host for plan in plans if plan.has_good_point}
    return bool(asset.hosts) and set(asset.hosts) <= with_point


def _why_not(asset: Asset, by: Sequence[PlanScope], now: datetime) -> str:
    if by:
        return f"{', '.join(plan.plan for plan in by)}: no good restore point yet"
    if asset.exemption is not None and _is_over(asset.exemption, now):
        return f"no plan, and its exemption by {asset.exemption.by} ended on {asset.exemption.until:%Y-%m-%d}"
    return "no plan"


def _is_over(exemption: Exemption, now: datetime) -> bool:
    return exemption.until is not None and exemption.until <= now


def _exempt_text(exemption: Exemption) -> str:
    until = f"until {exemption.until:%Y-%m-%d}" if exemption.until else "for good"
    return f"by {exemption.by} {until}: {exemption.reason}"


def _lost(assets: Sequence[Asset], plans: Sequence[PlanScope]) -> list[Finding]:
    known = {(asset.kind, asset.name) for asset in assets}
    found = []
    for plan in plans:
        if plan.host is not None and (AssetKind.HOST, plan.host) not in known:
            found.append(Finding(plan.plan, f"its host {plan.host} is not in the site"))
        elif plan.service is not None and (AssetKind.SERVICE, plan.service) not in known:
            found.append(Finding(plan.plan, f"its service {plan.service} is not in the site"))
        elif plan.missing_source is not None:
            found.append(Finding(plan.plan, f"its source is gone: {plan.missing_source}"))
    return found
