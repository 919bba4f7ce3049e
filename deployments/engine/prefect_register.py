"""Prefect's deployments, brought in line with what a register asks for: read once, compare, write the difference."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema

from deployments.engine.left_behind import carry_over
from deployments.engine.warm_worker import HERE
from deployments.engine.work_pool import WorkPool, ensure_pool
from models.errors import EngineError

MARK = "watchbill"
"""The tag of every deployment that the register owns; others are left alone."""
PAGE = 200


@dataclass(frozen=True)
class WantedDeployment:
    """One deployment that should be there."""

    name: str
    entrypoint: str
    """Module path of the flow: `flows.run_job.run_job`."""
    version: str
    """Changes whenever what the deployment stands for changes."""
    tags: tuple[str, ...] = ()
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    concurrency_limit: int | None = None


@dataclass(frozen=True)
class Changes:
    """Names of deployments, sorted, by what happened or would happen to them."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    is_new_pool: bool = False
    """The work pool was, or would be, made."""
    pools_left: tuple[str, ...] = ()
    """Other work pools, from which deployments move to this one."""

    @property
    def any(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def preview(wanted: Sequence[WantedDeployment], pool: WorkPool | None = None) -> Changes:
    """What `register_deployments` would do; writes nothing. Raises EngineError when Prefect does not answer."""
    return _register(wanted, pool or WorkPool(), write=False)


def register_deployments(wanted: Sequence[WantedDeployment], pool: WorkPool | None = None) -> Changes:
    """Add what is missing, update what differs, delete what is marked as ours in this pool and no longer wanted.

    What is in another pool moves to this one, with the runs that wait there. Raises EngineError when Prefect does not
    answer, a flow is not where its entrypoint says, or the pool cannot be made or is of another type.
    """
    return _register(wanted, pool or WorkPool(), write=True)


def _register(wanted: Sequence[WantedDeployment], pool: WorkPool, *, write: bool) -> Changes:
    flows = {entrypoint: flow_at(entrypoint) for entrypoint in sorted({each.entrypoint for each in wanted})}
    versions = {each.name: full_version(each, flows[each.entrypoint], pool) for each in wanted}
    try:
        with get_client(sync_client=True) as client:
            is_new_pool = ensure_pool(client, pool, write=write)
            existing = {found.name: found for found in owned(client)}
            changes = replace(compare(versions, existing, pool), is_new_pool=is_new_pool)
            if write:
                writer = _Writer(client, pool, existing, versions)
                for each in wanted:
                    if each.name not in changes.unchanged:
                        writer.put(each, flows[each.entrypoint])
                for name in changes.removed:
                    client.delete_deployment(existing[name].id)
                carry_over(client, pool, [existing[name] for name in versions.keys() & existing.keys()])
    except httpx.HTTPError as away:
        raise EngineError(f"Prefect did not take the deployments: {away}", permanent=False) from away
    return changes


def compare(versions: Mapping[str, str], existing: Mapping[str, DeploymentResponse], pool: WorkPool) -> Changes:
    """What differs between the wanted versions and the existing deployments."""
    both = versions.keys() & existing.keys()
    same = {name for name in both if existing[name].version == versions[name]}
    elsewhere = {existing[name].work_pool_name for name in both} - {pool.name}
    return Changes(
        added=tuple(sorted(versions.keys() - existing.keys())),
        changed=tuple(sorted(both - same)),
        removed=tuple(sorted(name for name in existing.keys() - versions.keys() if is_in(existing[name], pool))),
        unchanged=tuple(sorted(same)),
        pools_left=tuple(sorted(name for name in elsewhere if name is not None)),
    )


def is_in(deployment: DeploymentResponse, pool: WorkPool) -> bool:
    """Whether the deployment is in the pool, or in none since its pool was deleted."""
    return deployment.work_pool_name in (pool.name, None)


def full_version(wanted: WantedDeployment, flow: "Flow[..., Any]", pool: WorkPool) -> str:
    """A hash of all that Prefect keeps of a deployment: its version there, and what a worker caches it by."""
    facts = [wanted.name, wanted.entrypoint, wanted.version, sorted(wanted.tags), wanted.description]
    more = [dict(wanted.parameters), wanted.concurrency_limit, schema_of(flow), pool.name, HERE]
    return hashlib.sha256(json.dumps([*facts, *more], sort_keys=True, default=str).encode()).hexdigest()[:32]


def schema_of(flow: "Flow[..., Any]") -> dict[str, Any]:
    """What the flow takes, as JSON Schema."""
    schema: dict[str, Any] = parameter_schema(flow).model_dump(exclude_unset=True)
    return schema


def flow_at(entrypoint: str) -> "Flow[..., Any]":
    """The flow at a module path. Raises EngineError when there is none."""
    module, _, name = entrypoint.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as missing:
        raise EngineError(f"there is no flow at {entrypoint}: {missing}") from missing
    if not isinstance(found, Flow):
        raise EngineError(f"{entrypoint} is no flow: put @flow on it")
    return found


def owned(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """Every deployment that carries our mark, in whatever pool: their names are unique in Prefect, too."""
    found: list[DeploymentResponse] = []
    while True:
        page = client.read_deployments(
            deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[MARK])), limit=PAGE, offset=len(found)
        )
        found += page
        if len(page) < PAGE:
            return found


@dataclass
class _Writer:
    """Writes deployments, and each flow's name once."""

    client: SyncPrefectClient
    pool: WorkPool
    existing: Mapping[str, DeploymentResponse]
    versions: Mapping[str, str]
    flow_ids: dict[str, UUID] = field(default_factory=dict)

    def put(self, wanted: WantedDeployment, flow: "Flow[..., Any]") -> None:
        """Create the deployment, or bring it up to date."""
        if flow.name not in self.flow_ids:
            self.flow_ids[flow.name] = self.client.create_flow_from_name(flow.name)
        facts: dict[str, Any] = {
            "version": self.versions[wanted.name],
            "description": wanted.description,
            "parameters": dict(wanted.parameters),
            "concurrency_limit": wanted.concurrency_limit,
            "tags": [MARK, *wanted.tags],
            "work_pool_name": self.pool.name,
            "pull_steps": HERE,
            "entrypoint": wanted.entrypoint,
            "parameter_openapi_schema": schema_of(flow),
        }
        found = self.existing.get(wanted.name)
        if found and found.flow_id != self.flow_ids[flow.name]:
            # Prefect names a deployment within its flow; a job that changes its flow is another one to it.
            self.client.delete_deployment(found.id)
            found = None
        if found:
            self.client.update_deployment(found.id, DeploymentUpdate(**facts))
        else:
            self.client.create_deployment(self.flow_ids[flow.name], wanted.name, enforce_parameter_schema=True, **facts)
