"""known-error new, edit, publish, retire, use."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from cyclopts import Parameter

from desk.cli.common import COMMON, Common
from desk.cli.known_error_view import Number, tell
from desk.services import known_error_writing
from desk.services.errors import Misuse
from desk.services.known_error_writing import Says
from desk.services.opening import opened
from models import clock

YesNo = Literal["yes", "no"]


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What is said of it; an empty text takes back what was."""

    service: Annotated[str | None, Parameter(help="Recognise incidents of this service.")] = None
    category: Annotated[str | None, Parameter(help="Of this category, or one below it.")] = None
    host: Annotated[str | None, Parameter(help="Of this host: web1, web*, or ~ before a pattern: ~web[0-9]+.")] = None
    alert: Annotated[
        str | None, Parameter(help='With an alert that has these labels: name="HttpDown".', metavar="MATCHERS")
    ] = None
    words: Annotated[
        tuple[str, ...] | None,
        Parameter(
            help='With all these words: connection pool, "in this order", ORA-01*; once for each way to say it.',
            metavar="TEXT",
            consume_multiple=False,
        ),
    ] = None
    cause: Annotated[str | None, Parameter(help="Its root cause.", metavar="TEXT")] = None
    workaround: Annotated[str | None, Parameter(help="What helps meanwhile.", metavar="TEXT")] = None
    job: Annotated[str | None, Parameter(help="The job that is the workaround.")] = None
    check: Annotated[str | None, Parameter(help="A job that ends well when the trouble is gone.", metavar="JOB")] = None
    runs_itself: Annotated[
        YesNo | None, Parameter(help="Whether the job may start for a new incident by itself: yes or no.")
    ] = None
    risk: Annotated[str | None, Parameter(help="What the workaround may do besides.", metavar="TEXT")] = None
    fix: Annotated[str | None, Parameter(help="What will mend it for good.", metavar="TEXT")] = None
    review_on: Annotated[str | None, Parameter(help="When somebody looks whether it holds still.", metavar="DAY")] = (
        None
    )
    owner: Annotated[str | None, Parameter(help="Who answers for it; default: you.", metavar="PERSON")] = None

    def says(self, title: str | None, symptom: str | None) -> Says:
        """The same for the services. Raises Misuse for what is no day."""
        return Says(
            title=title,
            symptom=symptom,
            service=self.service,
            category=self.category,
            host=self.host,
            matchers=self.alert,
            texts=tuple(text for text in self.words if text) if self.words is not None else None,
            root_cause=self.cause,
            workaround=self.workaround,
            workaround_job=self.job,
            check_job=self.check,
            runs_itself=self.runs_itself == "yes" if self.runs_itself is not None else None,
            risk=self.risk,
            permanent_fix=self.fix,
            review_on=_day(self.review_on) if self.review_on is not None else None,
            owner=self.owner,
        )


WHAT = What()


def new(
    title: Annotated[str, Parameter(name="TITLE", help="What is wrong, in one line.")],
    /,
    *,
    symptom: Annotated[str, Parameter(help="How those say it whom it troubles.", metavar="TEXT")],
    problem: Annotated[str | None, Parameter(help="The problem that it is of, such as PRB000005.")] = None,
    what: What = WHAT,
    common: Common = COMMON,
) -> int:
    """Write a known error down, as a draft: how incidents are recognised, and what helps meanwhile."""
    with opened(common.settings()) as database:
        says = what.says(title, symptom)
        done = known_error_writing.create(database, says, problem, common.who(), clock.now())
    tell(common, done)
    return 0


def edit(
    known_error: Number,
    /,
    *,
    title: Annotated[str | None, Parameter(help="What is wrong, in one line.", metavar="TEXT")] = None,
    symptom: Annotated[str | None, Parameter(help="How those say it whom it troubles.", metavar="TEXT")] = None,
    what: What = WHAT,
    common: Common = COMMON,
) -> int:
    """Say a known error better: what is not named stays, an empty text takes back what was said."""
    with opened(common.settings()) as database:
        says = what.says(title, symptom)
        done = known_error_writing.edit(database, known_error, says, common.who(), clock.now())
    tell(common, done)
    return 0


def publish(
    known_error: Number,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why; it stands in the journal.", metavar="TEXT")] = None,
    common: Common = COMMON,
) -> int:
    """Suggest a known error for each new incident that it fits. Without a day of review it gets one."""
    with opened(common.settings()) as database:
        done = known_error_writing.publish(database, known_error, common.who(), reason, clock.now())
    tell(common, done)
    return 0


def retire(
    known_error: Number,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it stands in the journal.", metavar="TEXT")],
    common: Common = COMMON,
) -> int:
    """Suggest a known error no more: its fix is in, or it was none."""
    with opened(common.settings()) as database:
        done = known_error_writing.retire(database, known_error, common.who(), reason, clock.now())
    tell(common, done)
    return 0


def use(
    known_error: Number,
    incident: Annotated[str, Parameter(name="INCIDENT", help="The incident, such as INC000012.")],
    /,
    *,
    worked: Annotated[YesNo | None, Parameter(help="Whether it helped, yes or no; left out: not known yet.")] = None,
    common: Common = COMMON,
) -> int:
    """Say that a known error was used on an incident, and whether it worked."""
    has_worked = worked == "yes" if worked is not None else None
    with opened(common.settings()) as database:
        done = known_error_writing.use(database, known_error, incident, has_worked, common.who(), clock.now())
    tell(common, done)
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Misuse(f"--review-on {text!r} is no day: write 2027-03-01") from None
