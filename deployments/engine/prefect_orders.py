"""What the relay asks of Prefect: make this run, end that one, how is it. One kept client; every answer or a reason."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName, DeploymentFilterTags
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelling

from deployments.engine.prefect_register import MARK
from models.errors import EngineError, NotFound

BUSY_SECONDS = (0.05, 0.2, 0.5, 1.0)
"""Waits between tries of a busy server. Prefect's client would sleep 2, 4, 8 ... seconds instead."""
REFUSES_US = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS}
"""Not the order is wrong: a new connection may have the right token, where the server lost its database."""
Answer = TypeVar("Answer")


class PrefectOrders:
    """Prefect as the relay sees it; for one thread."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._client: SyncPrefectClient | None = None
        self._deployments: dict[str, UUID] = {}

    def create_run(
        self,
        deployment: str,
        parameters: Mapping[str, object],
        idempotency_key: str,
        tags: Sequence[str] = (),
    ) -> str:
        """Have a flow run made, or find the one with this key; its id.

        Raises NotFound when the deployment is gone, EngineError when the server is away (not permanent) or refuses
        the parameters (permanent).
        """

        def ask(client: SyncPrefectClient) -> str:
            made = client.create_flow_run_from_deployment(
                self._deployment(client, deployment),
                parameters=dict(parameters),
                idempotency_key=idempotency_key,
                tags=tags or None,
            )
            return str(made.id)

        try:
            return self._ask(ask)
        except ObjectNotFound:
            # Registered anew under another id since we looked.
            self._deployments.pop(deployment, None)
        try:
            return self._ask(ask)
        except ObjectNotFound:
            raise NotFound(f"Prefect has no deployment {deployment!r}: `watchbill up` registers the site") from None

    def cancel_run(self, flow_run_id: str) -> None:
        """Ask for the end of a flow run; one that has ended stays as it is. Raises NotFound, EngineError."""
        try:
            self._ask(lambda client: client.set_flow_run_state(UUID(flow_run_id), Cancelling()))
        except ObjectNotFound:
            raise NotFound(f"Prefect has no flow run {flow_run_id}") from None

    def state_of(self, flow_run_id: str) -> str | None:
        """The state type of a flow run, in capitals; None when Prefect does not know it. Raises EngineError."""
        try:
            state = self._ask(lambda client: client.read_flow_run(UUID(flow_run_id))).state
        except ObjectNotFound:
            return None
        return state.type.value if state else None

    def close(self) -> None:
        """Let go of the connection."""
        self._stack.close()
        self._client = None

    def _deployment(self, client: SyncPrefectClient, name: str) -> UUID:
        if name not in self._deployments:
            wanted = DeploymentFilter(name=DeploymentFilterName(any_=[name]), tags=DeploymentFilterTags(all_=[MARK]))
            found = client.read_deployments(deployment_filter=wanted, limit=2)
            if not found:
                raise NotFound(f"Prefect has no deployment {name!r}: `watchbill up` registers the site")
            self._deployments[name] = found[0].id
        return self._deployments[name]

    def _ask(self, question: Callable[[SyncPrefectClient], Answer]) -> Answer:
        """The server's answer, asked again a few times while it is busy."""
        waits = iter(BUSY_SECONDS)
        while True:
            try:
                with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
                    return question(self._connected())
            except PrefectHTTPStatusError as answer:
                if answer.response.status_code == httpx.codes.NOT_FOUND:
                    # Prefect's client says so itself, but not of every request.
                    raise ObjectNotFound(answer) from answer
                if answer.response.status_code in REFUSES_US:
                    self.close()
                elif answer.response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise EngineError(f"Prefect refuses it: {reason(answer)}") from answer
                problem: httpx.HTTPError = answer
            except httpx.ConnectError as away:
                raise EngineError(f"the Prefect server does not answer: {away}", permanent=False) from away
            except httpx.TransportError as away:
                self.close()
                problem = away
            wait = next(waits, None)
            if wait is None:
                raise EngineError(f"the Prefect server does not answer: {problem}", permanent=False) from problem
            time.sleep(wait)

    def _connected(self) -> SyncPrefectClient:
        if self._client is None:
            self._client = self._stack.enter_context(get_client(sync_client=True))
        return self._client


def reason(answer: PrefectHTTPStatusError) -> str:
    """What the server said, without the address and the advice around it."""
    with contextlib.suppress(ValueError, AttributeError):
        said = answer.response.json().get("detail") or answer.response.json().get("exception_message")
        if said:
            return str(said)
    return str(answer)
