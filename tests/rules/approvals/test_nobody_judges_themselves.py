"""Whatever people do, in whatever order: nobody decides about what they asked for, benefit from or delegated.

The machine knows the engine's rules only by their answers. What must never be is checked by hand-made means: who is
who by a plain table, and who acts for whom by trying all ways.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from models.rules.approvals.deciding import Ballot, Made, Ruling, comes_to, holders, ruling
from models.rules.approvals.delegating import Delegation, delegation_problems, in_force
from models.rules.approvals.people import Colleague, Staff
from models.rules.approvals.resolving import Involved, seats_of
from models.rules.approvals.schemes import Approver
from models.vocabulary import ApprovalStepState, ApprovalVerdict, ApproverKind
from tests.rules.approvals.crew import DAY, NOW

PEOPLE = ("ann", "bob", "cid", "dot", "eve")
ACCOUNTS = {**{name: name for name in PEOPLE}, "ann-root": "ann", "bob-root": "bob", "bob-test": "bob"}
APPROVERS = (
    Approver(ApproverKind.TEAM, "web"),
    Approver(ApproverKind.ROLE, "approver"),
    Approver(ApproverKind.MANAGER_OF, "requester"),
    Approver(ApproverKind.MANAGER_OF, "beneficiary"),
    Approver(ApproverKind.OWNER_OF, "service"),
    Approver(ApproverKind.NAMED_IN, "judge"),
    Approver(ApproverKind.PERSON, "bob-root"),
)
account, person = st.sampled_from(sorted(ACCOUNTS)), st.sampled_from(PEOPLE)
approvers = st.lists(st.sampled_from(APPROVERS), min_size=1, max_size=3)


@dataclass
class Asked:
    """One step of one approval, with what came of it."""

    requester: str
    beneficiary: str
    judge: str
    needed: int
    approvers: list[Approver]
    seats: frozenset[str] = frozenset()
    made: tuple[Made, ...] = ()
    by: list[str] = field(default_factory=list)
    """The accounts that decided, as they are called."""

    @property
    def involved(self) -> Involved:
        """As the engine sees them: identities."""
        return Involved(ACCOUNTS[self.requester], ACCOUNTS[self.beneficiary])


class Site(RuleBasedStateMachine):
    """People who ask, delegate, change teams, and try to decide."""

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.delegations: list[Delegation] = []
        self.approvals: list[Asked] = []

    @initialize(
        managers=st.lists(person, min_size=5, max_size=5), teams=st.lists(st.booleans(), min_size=8, max_size=8)
    )
    def begin(self, managers: list[str], teams: list[bool]) -> None:
        people = {
            name: Colleague(
                teams=frozenset({"web"} if in_team else ()),
                roles=frozenset({"approver"}),
                manager=managers[PEOPLE.index(of)],
                account_of=of if of != name else None,
            )
            for (name, of), in_team in zip(sorted(ACCOUNTS.items()), teams, strict=True)
        }
        self.staff = Staff(people, {"web": managers[0]}, {"shop": "web"})

    @rule(target=asked, requester=account, beneficiary=account, judge=account, needed=st.integers(1, 3), who=approvers)
    def ask(self, requester: str, beneficiary: str, judge: str, needed: int, who: list[Approver]) -> Asked:
        one = Asked(requester, beneficiary, judge, needed, who)
        self.seat(one)
        self.approvals.append(one)
        return one

    def seat(self, one: Asked) -> None:
        facts = {"service": "shop", "judge": one.judge}
        one.seats = frozenset(seats_of(one.approvers, one.involved, facts, self.staff))

    @rule(one=asked, judge=account)
    def edit_and_ask_again(self, one: Asked, judge: str) -> None:
        one.judge, one.made, one.by = judge, (), []
        self.seat(one)

    @rule(one=asked, to=account)
    def reassign(self, one: Asked, to: str) -> None:
        """An administrator gives a seat to anybody, with no care at all."""
        one.seats |= {ACCOUNTS[to]}

    @rule(name=account, in_team=st.booleans(), is_there=st.booleans())
    def change_people(self, name: str, in_team: bool, is_there: bool) -> None:
        people = {**self.staff.people}
        people[name] = replace(people[name], teams=frozenset({"web"} if in_team and is_there else ()))
        self.staff = replace(self.staff, people=people)

    @rule(who=person, to=person, begins=st.integers(-1, 2), lasts=st.integers(1, 4))
    def delegate(self, who: str, to: str, begins: int, lasts: int) -> None:
        new = Delegation(who, to, self.now + begins * DAY, self.now + (begins + lasts) * DAY)
        if not list(delegation_problems(new, self.delegations, self.now)):
            self.delegations.append(new)

    @rule(days=st.integers(1, 3))
    def time_goes_by(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(one=asked, pick=st.integers(0, 7), verdict=st.sampled_from([*ApprovalVerdict, ApprovalVerdict.APPROVE]))
    def decide(self, one: Asked, pick: int, verdict: ApprovalVerdict) -> None:
        able = [who for who in sorted(ACCOUNTS) if self.ruling_on(one, who).allowed]
        if able and comes_to(one.needed, one.made) is ApprovalStepState.OPEN:
            who = able[pick % len(able)]
            one.made = (*one.made, Made(self.ruling_on(one, who).chain, verdict))
            one.by = [*one.by, who]

    def ruling_on(self, one: Asked, who: str) -> Ruling:
        acting = in_force(self.delegations, self.now)
        return ruling(self.staff.identity(who), [Ballot(one.seats, one.made)], one.involved, acting)

    @invariant()
    def everybody_who_may_decide_is_a_judge_of_others(self) -> None:
        for one in self.approvals[-3:]:
            for who in ACCOUNTS:
                found = self.ruling_on(one, who)
                if found.allowed:
                    self.check(one, who, found.chain)
                else:
                    self.check_refusal(one, who)

    def check(self, one: Asked, who: str, chain: tuple[str, ...]) -> None:
        own = {ACCOUNTS[one.requester], ACCOUNTS[one.beneficiary]}
        assert ACCOUNTS[who] not in own, "about their own matter"
        assert not {ACCOUNTS[who], *chain} & self.acting_for(own), (
            "as a delegate of who asks or benefits, at any remove"
        )
        assert chain[0] in one.seats, "without a seat"
        assert self.acts_for_directly(chain), "for somebody who did not delegate to them"
        further = self.passed_on_to(ACCOUNTS[who])
        assert further is None or further in self.acting_for(own), "who passed it on to somebody able to decide"
        assert not {name for made in one.made for name in made.chain} & {ACCOUNTS[who], *chain}, "twice"

    def check_refusal(self, one: Asked, who: str) -> None:
        """Who has a seat, delegated nothing, acts for nobody and has not decided is never refused."""
        me, own = ACCOUNTS[who], {ACCOUNTS[one.requester], ACCOUNTS[one.beneficiary]}
        in_use = {name for each in self.delegations if each.holds(self.now) for name in (each.person, each.delegate)}
        decided = {name for made in one.made for name in made.chain}
        assert me not in one.seats - own - in_use - decided

    def passed_on_to(self, name: str) -> str | None:
        return next((one.delegate for one in self.delegations if one.person == name and one.holds(self.now)), None)

    def acts_for_directly(self, chain: tuple[str, ...]) -> bool:
        return all(self.passed_on_to(one) == other for one, other in pairwise(chain))

    def acting_for(self, own: set[str]) -> set[str]:
        """Those, and whoever acts for them at any remove: as far as trying all of them finds more."""
        found = set(own)
        for _ in PEOPLE:
            found |= {one.delegate for one in self.delegations if one.holds(self.now) and one.person in found}
        return found

    @invariant()
    def what_is_approved_was_approved_by_so_many_others(self) -> None:
        for one in self.approvals:
            if comes_to(one.needed, one.made) is ApprovalStepState.APPROVED:
                deciders = {ACCOUNTS[name] for name in one.by}
                assert len(deciders) >= one.needed
                assert not deciders & {ACCOUNTS[one.requester], ACCOUNTS[one.beneficiary]}

    @invariant()
    def who_holds_a_seat_may_decide(self) -> None:
        acting = in_force(self.delegations, self.now)
        for one in self.approvals:
            ballot = Ballot(one.seats, one.made)
            for name, chain in holders(ballot, one.involved, acting).items():
                assert ruling(name, [ballot], one.involved, acting).chain == chain


TestSite = Site.TestCase
TestSite.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
