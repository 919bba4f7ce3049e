"""What people write on incidents, and what they link them with."""

from sqlalchemy.orm import Session

from desk.services.acting import check_works
from desk.services.errors import Misuse
from desk.services.incident_moves import Act, Moved, moved
from desk.services.incidents import key_of
from desk.services.problems import key_of as problem_key
from desk.services.runs import run_key
from models.database import Database
from models.errors import NotFound, Refused
from models.queries import incident_news, incidents, problems, register, runs, tickets
from models.queries.problem_links import PREFIX
from models.queries.states import Because
from models.rules.incidents import text_problems
from models.vocabulary import LinkVerb

NAMED_KINDS = ("host", "service", "job")
"""Things of the site that an incident can be linked with, by name."""


def note(database: Database, act: Act, text: str, *, public: bool) -> Moved:
    """Write on it; its caller may, for everybody to read. Raises Misuse for a text that cannot be."""
    problems = list(text_problems("note", text))
    if problems:
        raise Misuse("; ".join(problems))
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        if not (public and incident.caller == act.person):
            check_works(session, act.person, incident, "write on")
        written = incidents.note(session, incident, act.person, text, public=public, now=act.now)
        incident_news.written(session, incident, written)
        return moved(session, incident, act.now)


def link(database: Database, act: Act, verb: LinkVerb, target: str) -> Moved:
    """Link it with another incident, its problem, a run, a host, a service or a job.

    Raises NotFound, Refused, Misuse.
    """
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        check_works(session, act.person, incident, "link")
        subject = _subject(session, target)
        if subject.startswith(PREFIX) and verb is LinkVerb.CAUSED_BY:
            problem = problems.get(session, int(subject.removeprefix(PREFIX)))
            if not problems.link_incidents(session, problem, [incident], Because(act.person), act.now):
                raise Refused(f"{incident.number} is {verb.value} {problem.number} already")
            return moved(session, incident, act.now)
        if verb is LinkVerb.PARENT_OF and not subject.startswith("incident/"):
            raise Misuse(f"{target} cannot be part of {incident.number}: only an incident can")
        if incidents.link(session, incident, verb, subject, Because(act.person), act.now) is None:
            raise Refused(f"{incident.number} is {verb.value} {target} already")
        return moved(session, incident, act.now)


def unlink(database: Database, act: Act, target: str) -> Moved:
    """Undo a link, from either end. Raises NotFound when there is none, Refused for duplicates: those are reopened."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        check_works(session, act.person, incident, "unlink")
        subject = _subject(session, target)
        found = [one for one in tickets.links_of(session, incident.id) if one.target == subject]
        seen_from_there = tickets.links_to(session, tickets.subject_of(incident))
        found += [one for one in seen_from_there if f"incident/{one.ticket_id}" == subject]
        if not found:
            raise NotFound(f"{incident.number} is not linked with {target}")
        for one in found:
            if one.verb is LinkVerb.DUPLICATE_OF:
                duplicate = incidents.get(session, one.ticket_id)
                raise Refused(f"{duplicate.number} is a duplicate: a manager can reopen it")
            tickets.remove_link(session, one, act.person, act.now)
        return moved(session, incident, act.now)


def _subject(session: Session, target: str) -> str:
    """`incident/12` of INC000012, `problem/5` of PRB000005, `host/web1` as it is. Raises Misuse, NotFound."""
    upper = target.upper()
    if upper.startswith("INC") or upper.isdecimal():
        return tickets.subject_of(incidents.get(session, key_of(target)))
    if upper.startswith("PRB"):
        return tickets.subject_of(problems.get(session, problem_key(target)))
    if upper.startswith("RUN"):
        return f"run/{runs.get(session, run_key(target)).id}"
    kind, sign, name = target.partition("/")
    if sign and kind in NAMED_KINDS:
        register.find(session, kind, name)
        return target
    raise Misuse(f"{target!r} is nothing to link with: write INC000012, PRB000005, RUN000007, host/web1, job/night")
