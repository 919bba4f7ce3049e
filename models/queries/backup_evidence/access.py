"""Who answers for the backups and can open them, as far as the site's files tell."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.queries import register
from models.queries.backup_evidence.content import Access, Custody
from models.queries.backup_evidence.plans import encryption
from models.site.backups import Repository
from models.site.people import PersonRole

MAY_RUN_JOBS = {PersonRole.OPERATOR.value, PersonRole.ADMINISTRATOR.value}


def access(session: Session, repositories: Mapping[str, Repository]) -> Access:
    """The people of the site, and of every repository in force its team and its keys."""
    people = {row.name: row.spec for row in register.in_force(session, "person")}
    managers = {row.name: row.spec.get("manager") for row in register.in_force(session, "team")}
    operators = [name for name, spec in people.items() if MAY_RUN_JOBS.intersection(spec.get("roles", ()))]
    return Access(
        operators=_names(operators, people),
        custodies=tuple(
            _custody(repositories[name], people, managers.get(repositories[name].owner))
            for name in sorted(repositories)
        ),
    )


def _custody(repository: Repository, people: Mapping[str, dict[str, Any]], manager: str | None) -> Custody:
    team = [name for name, spec in people.items() if repository.owner in spec.get("teams", ())]
    kept = repository.key_copy
    return Custody(
        repository=repository.name,
        owner=repository.owner,
        manager=_name(manager, people) if manager else None,
        people=_names(team, people),
        encryption=encryption(repository),
        keys=tuple(filter(None, (repository.password, repository.identity))),
        copy=kept.where.strip() if kept else None,
        copy_tested=kept.tested if kept else None,
    )


def _names(ids: Iterable[str], people: Mapping[str, dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(_name(one, people) for one in ids))


def _name(person: str, people: Mapping[str, dict[str, Any]]) -> str:
    return str(people.get(person, {}).get("name", person))
