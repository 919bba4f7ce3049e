"""What must be true of approvals.yaml beyond the form of its keys, and what in it is legal and seldom meant."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from models.rules.approvals.people import Colleague, Staff
from models.rules.approvals.resolving import Involved, seats_of
from models.rules.approvals.schemes import Approver
from models.site.approvals import ApprovalStep, Approvers, PreApproved, Scheme
from models.site.incident_checks import Made, Said
from models.site.people import Person
from models.site.references import Kind, ReferenceFault
from models.site.site import Site
from models.vocabulary import ApproverKind

NAMED = frozenset({ApproverKind.PERSON, ApproverKind.TEAM, ApproverKind.ROLE})
"""Of these it is known who they are before anybody asks."""
NOBODY = Involved("", "")


def approval_faults(whole: Made, made: Made) -> Iterator[ReferenceFault]:
    """Everything wrong in the schemes whose keys have the right form."""
    staff = staff_of(made[Kind.PERSON])
    for name, scheme in whole[Kind.SCHEME].items():
        for path, message in _scheme(scheme, staff, made[Kind.TEAM]):
            yield ReferenceFault(Kind.SCHEME, name, path, message)


def approval_surprises(site: Site) -> Iterator[str]:
    """What the check says though it is legal: steps that cannot be passed when one of the few asks."""
    staff = staff_of(site.people)
    for scheme in site.schemes.values():
        for number, step in enumerate(scheme.steps):
            able = _known_approvers(step, staff, site.teams)
            if able is not None and len(able) == step.needed and not step.escalate_to:
                yield (
                    f"schemes.{scheme.name}.steps.{number} needs all of {', '.join(sorted(able))}: "
                    "what one of them asks for nobody can approve; name more approvers, or escalate_to"
                )


def staff_of(people: Mapping[str, Person]) -> Staff:
    """The people of a site, for the rules."""
    return Staff(
        {
            name: Colleague(
                frozenset(one.teams), frozenset(role.value for role in one.roles), one.manager, one.account_of
            )
            for name, one in people.items()
        }
    )


def _scheme(scheme: Scheme, staff: Staff, teams: Collection[str]) -> Said:
    for number, rule in enumerate(scheme.pre_approved):
        if rule == PreApproved():
            yield (
                ("pre_approved", number),
                "says nothing, so it holds for nothing; give it cost_at_most, risks, roles or items",
            )
    for number, step in enumerate(scheme.steps):
        if number == 0 and step.together:
            yield ("steps", 0, "together"), "is the first step: there is none before it to open with"
        for path, message in (*_step(step), *_too_few(step, staff, teams)):
            yield ("steps", number, *path), message


def _step(step: ApprovalStep) -> Said:
    for key in ("approvers", "escalate_to"):
        several: tuple[Approvers, ...] = getattr(step, key)
        for place, approver in enumerate(several):
            if len(approver.said) != 1:
                words = ", ".join(ApproverKind)
                yield (key, place), f"must have one of {words}; it has {' and '.join(approver.said) or 'none'}"
    if step.escalate_after is not None and not step.escalate_to:
        yield ("escalate_after",), "goes with escalate_to: say who may decide then"
    end = step.expires_after
    for key in ("remind_after", "escalate_after", "expires_after"):
        wait = getattr(step, key)
        if wait is not None and wait <= timedelta(0):
            yield (key,), "must be above 0s"
        elif key != "expires_after" and wait is not None and end is not None and wait >= end:
            yield (key,), "is not before expires_after: it would never happen"


def _too_few(step: ApprovalStep, staff: Staff, teams: Collection[str]) -> Said:
    able = _known_approvers(step, staff, teams)
    if able is not None and len(able) < step.needed:
        who = ", ".join(sorted(able)) or "nobody"
        yield ("needed",) if able else ("approvers",), f"needs {step.needed}, and may be decided by {who}"


def _known_approvers(step: ApprovalStep, staff: Staff, teams: Collection[str]) -> frozenset[str] | None:
    """The identities that may decide when none of them asks; None when that depends on who asks for what.

    None also where somebody is named who is not there: that is said already.
    """
    approvers: list[Approver] = []
    for one in step.approvers:
        if len(one.said) != 1 or one.said[0] not in NAMED:
            return None
        if (one.person is not None and not staff.knows(one.person)) or (one.team is not None and one.team not in teams):
            return None
        approvers.append(one.approver())
    return frozenset(seats_of(approvers, NOBODY, {}, staff))
