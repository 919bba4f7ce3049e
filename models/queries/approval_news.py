"""What is told of approvals, and to whom: to those who may decide, and to who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import notice_box
from models.queries.approval_matters import Matter
from models.queries.notice_box import Draft
from models.queries.notice_recipients import Directory, Recipient
from models.queries.notices import as_json, title_of
from models.queries.states import Because
from models.records import ApprovalStep, DelegationRow, Person
from models.rules.approvals.asking import SHORT
from models.rules.notice_facts import ApprovalFacts, DelegationFacts
from models.vocabulary import NoticeTag

Told = Mapping[str, str | None]
"""Who is told, and whose decision they would make when it is not their own."""


@dataclass(frozen=True)
class _News:
    """One thing that happened; `key` tells it from others of the same event."""

    event: str
    tag: NoticeTag
    text: str
    key: str
    by: str | None = None
    step: ApprovalStep | None = None


def asked(matter: Matter, told: Told, rows: list[ApprovalStep]) -> None:
    """Tell those who may decide now that they are asked."""
    key = "-".join(str(row.id) for row in rows) + "/" + "-".join(sorted(told))
    _tell(matter, told, _News("asked", NoticeTag.APPROVAL_ASKED, "", key, step=rows[0]))


def reminded(matter: Matter, told: Told, row: ApprovalStep) -> None:
    """Tell them again."""
    text = "nobody has decided yet" if row.reminders == 1 else f"nobody has decided yet; reminder {row.reminders}"
    key = f"{row.id}/{row.reminders}"
    _tell(matter, told, _News("reminded", NoticeTag.APPROVAL_REMINDED, text, key, step=row))


def answered(matter: Matter, told: Told, rows: list[ApprovalStep], because: Because) -> None:
    """Tell those who may decide what was answered."""
    news = _News("asked", NoticeTag.APPROVAL_ASKED, because.reason or "", f"{rows[0].id}/{matter.now.isoformat()}")
    _tell(matter, told, replace(news, by=because.actor, step=rows[0]))


def escalated(matter: Matter, told: Told, row: ApprovalStep) -> None:
    """Tell those who may decide now, too."""
    text = "those who were asked first have not decided, or cannot: you may, too"
    _tell(matter, told, _News("escalated", NoticeTag.APPROVAL_ESCALATED, text, str(row.id), step=row))


def reassigned(matter: Matter, told: Told, row: ApprovalStep, because: Because) -> None:
    """Tell who decides now, who did before, and who asks."""
    key = f"{row.id}/{matter.now.isoformat()}"
    text = because.reason or ""
    _tell(matter, told, _News("reassigned", NoticeTag.APPROVAL_REASSIGNED, text, key, because.actor, row))


def sent_back(matter: Matter, because: Because) -> None:
    """Tell who asks what is wanted of them."""
    key = matter.now.isoformat()
    news = _News("sent back", NoticeTag.APPROVAL_SENT_BACK, because.reason or "", key, because.actor)
    _tell(matter, {matter.approval.requester: None}, news)


def decided(matter: Matter, because: Because) -> None:
    """Tell who asks, and who benefits, how it ended, unless they ended it themselves."""
    approval = matter.approval
    people = dict.fromkeys((approval.requester, approval.beneficiary))
    people.pop(matter.staff.identity(because.actor), None)
    by = because.actor if because.roles is not None else None
    text = because.reason or approval.outcome or ""
    _tell(matter, people, _News(approval.state.value, NoticeTag.APPROVAL_DECIDED, text, str(approval.round), by))


def delegated(session: Session, row: DelegationRow, waiting: int, now: datetime) -> None:
    """Tell who decides in another's place from when to when, and how much waits now."""
    directory = Directory(session)
    recipients = directory.person(row.delegate)
    facts = DelegationFacts(
        title=f"You decide for {title_of(session, Person, row.person)}",
        person=title_of(session, Person, row.person) or row.person,
        text=row.reason or "",
        at=now,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        waiting=waiting,
    )
    subject = f"delegation/{row.id}"
    draft = Draft(f"{subject}/made", NoticeTag.APPROVAL_DELEGATED, subject, facts.title, as_json(facts))
    notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), now)


def _tell(matter: Matter, told: Told, news: _News) -> None:
    """One notice for those who are told alike: who decides for another is told for whom."""
    directory = Directory(matter.session)
    for whom in dict.fromkeys(told.values()):
        people = [person for person, other in told.items() if other == whom]
        _put(matter, directory, news, people, whom)


def _put(matter: Matter, directory: Directory, news: _News, people: Iterable[str], whom: str | None) -> None:
    recipients: list[Recipient] = [one for person in people for one in directory.person(person)]
    if not recipients:
        return
    approval, session = matter.approval, matter.session
    subject = f"approval/{approval.id}"
    draft = Draft(
        key=f"{subject}/{news.event}/{news.key}/{whom or ''}",
        tag=news.tag,
        subject=subject,
        title=f"{approval.number} {news.event}: {approval.title}",
        facts=as_json(_facts(matter, news, whom)),
    )
    notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), matter.now)


def _facts(matter: Matter, news: _News, whom: str | None) -> ApprovalFacts:
    approval, session, row = matter.approval, matter.session, news.step
    benefits = approval.beneficiary if approval.beneficiary != approval.requester else None
    return ApprovalFacts(
        number=approval.number,
        title=approval.title,
        event=news.event,
        text=news.text,
        at=matter.now,
        asked_at=approval.asked_at,
        state=approval.state.value,
        seen=approval.sha256[:SHORT],
        requester=title_of(session, Person, approval.requester) or approval.requester,
        beneficiary=title_of(session, Person, benefits),
        difference=tuple(approval.difference.splitlines()),
        step=matter.step_of(row).title or f"step {row.place}" if row else None,
        needed=matter.step_of(row).needed if row else 1,
        whose=title_of(session, Person, whom),
        by=title_of(session, Person, news.by),
        over_at=matter.over_at(row) if row else None,
    )
