"""One example of each notice that is not about a job, with everything known, and the same with little."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from models.rules.notice_facts import (
    AlertFacts,
    AlertGroupFacts,
    ApprovalFacts,
    CandidateFacts,
    CandidatesFacts,
    DelegationFacts,
    DigestFacts,
    Held,
    IncidentFacts,
    KnownErrorReviewFacts,
    ProblemFacts,
    SilenceFacts,
    SourceFacts,
    TestFacts,
)
from models.rules.notices import APPROVAL_TAGS, PROBLEM_TAGS
from models.vocabulary import NoticeTag

AT = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INCIDENT = IncidentFacts(
    number="INC000123",
    title="Checkout is down",
    event="opened",
    text="Payments fail with HTTP 502 since the release of 10:10; about 40 orders an hour are lost.",
    at=AT,
    opened_at=AT - 28 * MINUTE,
    state="in progress",
    priority="P1",
    impact="high",
    urgency="high",
    service="Web shop",
    host="web1",
    team="Shop team",
    owner="Ann Bell",
    caller="Carl Carver",
    by="Bob Brown",
    site="Harbour Lab",
)
MAJOR = replace(
    INCIDENT, is_major=True, priority="major", commander="Dora Diaz", next_update_at=AT + 30 * MINUTE, audience="board"
)
FIRING = AlertFacts("HighErrorRate", "firing", AT - 9 * MINUTE, "critical", "web1", "5xx above 5 % for 5 min")
OVER = AlertFacts("SlowCheckout", "resolved", AT - 7 * MINUTE)
PROBLEM = ProblemFacts(
    number="PRB000017",
    title="The connection pool runs dry",
    event="reopened",
    text="INC000124 came 3d after the fix: it is about the same thing as INC000123",
    at=AT,
    opened_at=AT - timedelta(days=9),
    state="watching",
    priority="P2",
    service="Web shop",
    team="Shop team",
    owner="Ann Bell",
    by="Bob Brown",
    cause="the pool is never given back",
    watch_until=AT + timedelta(days=14),
    site="Harbour Lab",
)
APPROVAL = ApprovalFacts(
    number="APR000012",
    title="An editor for two hosts",
    event="asked",
    text="Which hosts are these, and who pays for them?",
    at=AT,
    asked_at=AT - 3 * MINUTE,
    state="open",
    seen="8a9b0c1d",
    requester="Ann Bell",
    beneficiary="Dot Drew",
    difference=("web1: + editor 3.1", "web2: no change"),
    step="Two of security",
    needed=2,
    whose="Carl Carver",
    by="Bob Brown",
    over_at=AT + timedelta(days=7),
    site="Harbour Lab",
)
OTHERS: dict[str, Any] = {
    **{tag: replace(PROBLEM, event=tag.removeprefix("problem-")) for tag in PROBLEM_TAGS},
    **{tag: replace(APPROVAL, event=tag.removeprefix("approval-")) for tag in APPROVAL_TAGS},
    NoticeTag.APPROVAL_DELEGATED: DelegationFacts(
        "You decide for Bob Brown", "Bob Brown", "On leave", AT, AT, AT + timedelta(days=14), 3, "Harbour Lab"
    ),
    NoticeTag.PROBLEM_CANDIDATES: CandidatesFacts(
        title="12 problem candidates",
        at=AT,
        count=12,
        candidates=(
            CandidateFacts(
                "CAN000012",
                "connection pool exhausted (till-north, shop)",
                "9 in 7d, of 0.3 expected: by chance once in 15,000 times",
                "15 h",
            ),
            CandidateFacts("CAN000013", "job export of shop", "5 in 7d; there is no time before"),
        ),
        more=10,
        site="Harbour Lab",
    ),
    NoticeTag.KNOWN_ERROR_DUE: KnownErrorReviewFacts(
        number="KE000012",
        title="The connection pool runs dry",
        symptom="Checkout hangs for half a minute, then says that something went wrong.",
        at=AT,
        used=9,
        worked_percent=89,
        problem="PRB000017",
        site="Harbour Lab",
    ),
    NoticeTag.ALERT_GROUP: AlertGroupFacts(
        title="HighErrorRate, shop",
        at=AT,
        since=AT - 9 * MINUTE,
        firing=3,
        resolved=1,
        alerts=(FIRING, OVER),
        labels={"alertname": "HighErrorRate", "service": "shop"},
        service="Web shop",
        incident="INC000123",
        text="2 more firing",
        site="Harbour Lab",
    ),
    NoticeTag.SILENCE_ENDING: SilenceFacts(
        "SIL000012", '{service="shop"}', "ann", "Release 12", AT + 30 * MINUTE, AT, 4, "Harbour Lab"
    ),
    NoticeTag.SOURCE_SILENT: SourceFacts(
        "prometheus has fallen silent", "nothing came for 20 min", AT, AT - 20 * MINUTE, "Operations", "Harbour Lab"
    ),
    NoticeTag.DIGEST: DigestFacts(
        title="3 things happened",
        why="quiet outside of office",
        at=AT,
        since=AT - timedelta(hours=9),
        things=(
            Held(AT - timedelta(hours=9), f"INC000120 opened: {'the disk is nearly full ' * 6}", "incident/120"),
            Held(AT - timedelta(hours=2), "INC000121 opened: Printer without toner", "incident/121"),
        ),
        more=1,
        site="Harbour Lab",
    ),
    NoticeTag.TEST: TestFacts("Trial of shop-desk", "shop-desk", "ann", AT, "Harbour Lab"),
}
LITTLE: dict[str, Any] = {
    **{
        tag: ApprovalFacts(
            "APR000012", "An editor", "asked", "", AT, AT, "open", "8a9b0c1d", "Ann Bell", site="Harbour Lab"
        )
        for tag in APPROVAL_TAGS
    },
    NoticeTag.APPROVAL_DELEGATED: DelegationFacts(
        "You decide for Bob Brown", "Bob Brown", "", AT, AT, AT + timedelta(days=14), site="Harbour Lab"
    ),
    **{
        tag: replace(PROBLEM, text="", **dict.fromkeys(("service", "team", "owner", "by", "cause", "watch_until")))
        for tag in PROBLEM_TAGS
    },
    NoticeTag.PROBLEM_CANDIDATES: CandidatesFacts(
        "1 problem candidate",
        AT,
        1,
        (CandidateFacts("CAN000001", "Mail is slow", "5 in 7d"),),
        site="Harbour Lab",
    ),
    NoticeTag.KNOWN_ERROR_DUE: KnownErrorReviewFacts(
        "KE000012", "The pool runs dry", "It hangs.", AT, site="Harbour Lab"
    ),
    NoticeTag.ALERT_GROUP: AlertGroupFacts("HighErrorRate", AT, AT, 0, 1, site="Harbour Lab"),
    NoticeTag.SILENCE_ENDING: SilenceFacts("SIL000012", "{}", "ann", "-", AT, AT, site="Harbour Lab"),
    NoticeTag.SOURCE_SILENT: SourceFacts("cron was never heard", "it never spoke", AT, site="Harbour Lab"),
}


def sample(tag: str) -> Any:
    """What such a notice tells, with everything known."""
    if tag in OTHERS:
        return OTHERS[tag]
    return MAJOR if tag.startswith("major") else replace(INCIDENT, event=tag.removeprefix("incident-"))


def little(tag: str) -> Any:
    """The same with as little as can be known."""
    if tag in OTHERS:
        return LITTLE.get(tag, OTHERS[tag])
    nothing = ("impact", "urgency", "service", "host", "team", "owner", "caller", "by", "audience", "commander")
    return replace(sample(tag), text="", next_update_at=None, **dict.fromkeys(nothing))
