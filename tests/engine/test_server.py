"""The embedded Prefect server: who may talk to it, how fast it is there, and that it does not stall on SQLite."""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets.exceptions
import websockets.sync.client
from prefect.client.orchestration import get_client

from deployments.engine.prefect_environment import server_keys
from deployments.engine.prefect_orders import PrefectOrders
from deployments.engine.prefect_register import WantedDeployment, preview, register_deployments
from deployments.engine.prefect_server import (
    chosen_port,
    prepare_database,
    start_server,
    tail,
)
from deployments.engine.prefect_settings import talking_to
from deployments.engine.work_pool import PoolState, WorkPool, state_of_pool
from models import clock
from models.errors import EngineError, NotFound
from tests.prefect_lab import PrefectLab

pytestmark = pytest.mark.drill
FLOW = "tests.engine.flows.leave_note"
OPEN_PATHS = {"/api/health", "/api/ready"}
"""What Prefect answers without a password: whether it is up."""


def ask(lab: PrefectLab, method: str, path: str, headers: dict[str, str] | None = None, body: str = "{}") -> int:
    """The status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.server.port, timeout=10)
    connection.request(method, path, body=body, headers={"Content-Type": "application/json", **(headers or {})})
    status = connection.getresponse().status
    connection.close()
    return status


def routes(lab: PrefectLab) -> list[tuple[str, str]]:
    """Every method and path of the server's API, with something in the place of its parameters."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.server.port, timeout=10)
    connection.request("GET", "/openapi.json")
    paths = json.loads(connection.getresponse().read())["paths"]
    connection.close()
    filled = {path: "/api" + re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", path) for path in paths}
    return [(method.upper(), filled[path]) for path, methods in paths.items() for method in methods]


def test_without_the_password_no_route_answers(prefect_lab: PrefectLab) -> None:
    known = routes(prefect_lab)
    assert len(known) > 150
    answered = {
        path: status
        for method, path in known
        if path not in OPEN_PATHS and (status := ask(prefect_lab, method, path)) not in (401, 403)
    }
    assert answered == {}


@pytest.mark.parametrize("path", ["/api/events/in", "/api/events/out", "/api/logs/out"])
def test_without_the_password_no_stream_opens(prefect_lab: PrefectLab, path: str) -> None:
    url = f"ws://127.0.0.1:{prefect_lab.server.port}{path}"
    with (
        pytest.raises((websockets.exceptions.ConnectionClosed, websockets.exceptions.InvalidHandshake)),
        websockets.sync.client.connect(url, subprotocols=["prefect"]) as stream,  # type: ignore[list-item]
    ):
        stream.send(json.dumps({"type": "auth", "token": "watchbill:wrong"}))
        answer = json.loads(stream.recv(timeout=5))
        assert answer["type"] != "auth_success"
        stream.recv(timeout=5)


def test_a_page_in_a_browser_cannot_post_even_with_the_password(prefect_lab: PrefectLab) -> None:
    word = base64.b64encode(server_keys(prefect_lab.home).auth_string.encode()).decode()
    headers = {"Authorization": f"Basic {word}"}
    assert ask(prefect_lab, "POST", "/api/flows/filter", headers) == 403
    assert ask(prefect_lab, "GET", "/api/admin/version", headers) == 200


def test_it_listens_on_loopback_only(prefect_lab: PrefectLab) -> None:
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{prefect_lab.server.port:04X}") and line.split()[3] == "0A"
    }
    assert listening == {f"0100007F:{prefect_lab.server.port:04X}"}


def test_its_password_is_on_no_command_line(prefect_lab: PrefectLab) -> None:
    command = Path(f"/proc/{prefect_lab.server.process.pid}/cmdline").read_text()
    assert server_keys(prefect_lab.home).auth_string not in command


def test_it_starts_from_the_template_without_a_migration(tmp_path: Path) -> None:
    prepare_database(tmp_path)
    with sqlite3.connect(tmp_path / "prefect" / "prefect.db") as database:
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    assert version
    assert (tmp_path / "prefect" / "prefect.db").stat().st_mode & 0o077 == 0


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    prepare_database(tmp_path)
    (tmp_path / "prefect" / "prefect.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(EngineError, match=r"(?s)the Prefect server ended with status \d.*not a database"):
        start_server(tmp_path)


def test_a_port_that_was_taken_meanwhile_is_left_to_its_new_owner(tmp_path: Path) -> None:
    port = chosen_port(tmp_path)
    assert chosen_port(tmp_path) == port
    with socket.create_server(("127.0.0.1", port)):
        assert chosen_port(tmp_path) != port


def test_twenty_orders_at_once_do_not_stall(registered: PrefectLab, tmp_path: Path) -> None:
    """Prefect's own SQLite transactions answer some of these with 503, and its client then sleeps for seconds."""
    lab = registered

    def order(number: int) -> list[int]:
        with lab.settings(), get_client(sync_client=True) as client:
            found = next(each for each in client.read_deployments() if each.name == "leave_note")
            statuses: list[int] = []
            client._client.event_hooks["response"] = [lambda answer: statuses.append(answer.status_code)]
            for turn in range(5):
                client.create_flow_run_from_deployment(
                    found.id, parameters={"path": str(tmp_path / "x")}, idempotency_key=f"{tmp_path}{number}-{turn}"
                )
            return statuses

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = [status for answers in pool.map(order, range(4)) for status in answers]
    assert set(statuses) <= {200, 201}


@pytest.fixture
def registered(prefect_lab: PrefectLab) -> Iterator[PrefectLab]:
    prefect_lab.forget_deployments()
    prefect_lab.register(FLOW)
    yield prefect_lab
    prefect_lab.forget_deployments()


def test_the_register_is_brought_in_line_and_previewed_exactly(prefect_here: PrefectLab) -> None:
    pool = WorkPool("registered")
    wanted = [WantedDeployment(f"job-{number}", FLOW, "1", tags=("owner:web",)) for number in range(4)]
    steps = [
        (wanted, (4, 0, 0, 0), "all are new"),
        (wanted, (0, 0, 0, 4), "nothing changed, nothing is written"),
        (wanted[:2], (0, 0, 2, 2), "what is gone from the site is gone from Prefect"),
        ([wanted[0], WantedDeployment("job-1", FLOW, "2")], (0, 1, 0, 1), "a new version is written"),
        ([WantedDeployment("job-0", "tests.engine.flows.fail", "1")], (0, 1, 1, 0), "another flow"),
        ([], (0, 0, 1, 0), "an empty site empties it"),
    ]
    for deployments, expected, reason in steps:
        announced = preview(deployments, pool)
        done = register_deployments(deployments, pool)
        assert announced == done, reason
        assert tuple(len(names) for names in (done.added, done.changed, done.removed, done.unchanged)) == expected, (
            reason
        )


def test_deployments_of_others_are_left_alone(registered: PrefectLab) -> None:
    client = registered.client
    other = client.create_deployment(client.create_flow_from_name("theirs"), "theirs", work_pool_name="watchbill")
    with registered.settings():
        assert register_deployments([]).removed == ("leave_note",)
    client.delete_deployment(other)


def test_a_pool_of_another_type_is_not_taken_over(prefect_here: PrefectLab) -> None:
    register_deployments([], WorkPool("stock", "process"))
    for ask in (register_deployments, preview):
        with pytest.raises(EngineError, match="is of type process, not watchbill-warm: set WATCHBILL_WORK_POOL_TYPE"):
            ask([], WorkPool("stock"))


def test_a_pool_that_nobody_here_can_serve_is_not_made(prefect_here: PrefectLab) -> None:
    for ask in (register_deployments, preview):
        with pytest.raises(EngineError, match="no worker of that type is installed here: install its package"):
            ask([], WorkPool("cluster", "kubernetes"))
    assert state_of_pool("cluster", clock.now()) == PoolState(None)


def test_a_changed_pool_takes_the_deployments_with_it(registered: PrefectLab, tmp_path: Path) -> None:
    wanted = [WantedDeployment("leave_note", FLOW, "1"), WantedDeployment("kill-run", FLOW, "1")]
    with registered.settings(), contextlib.closing(PrefectOrders()) as orders:
        register_deployments(wanted)
        job, kill = (
            orders.create_run(each.name, {"path": str(tmp_path)}, f"{tmp_path}-{each.name}") for each in wanted
        )
        night = WorkPool("night", "process")
        announced = preview(wanted, night)
        assert announced == register_deployments(wanted, night)
        assert (announced.changed, announced.added) == (("kill-run", "leave_note"), ())
        assert (announced.is_new_pool, announced.pools_left) == (True, ("watchbill",))
        assert [orders.state_of(run) for run in (job, kill)] == ["CANCELLED"] * 2, "who waits for a worker there?"
        waiting = registered.client.get_scheduled_flow_runs_for_work_pool(work_pool_name="night")
        names = {each.id: each.name for each in registered.client.read_deployments()}
        assert [names[each.flow_run.deployment_id] for each in waiting] == ["kill-run"], "nobody asks for it again"
        assert state_of_pool("night", clock.now()) == PoolState("process")
        assert register_deployments(wanted, night).pools_left == ()


def test_an_entrypoint_without_a_flow_is_refused_before_anything_is_written(prefect_here: PrefectLab) -> None:
    with pytest.raises(EngineError, match=r"there is no flow at tests.engine.flows.nothing"):
        register_deployments([WantedDeployment("x", "tests.engine.flows.nothing", "1")], WorkPool("untouched"))


def test_the_same_key_makes_one_run(registered: PrefectLab, tmp_path: Path) -> None:
    with registered.settings():
        orders = PrefectOrders()
        made = {orders.create_run("leave_note", {"path": str(tmp_path)}, "one-key") for _ in range(3)}
        assert len(made) == 1
        assert orders.state_of(made.pop()) == "SCHEDULED"
        orders.close()


def test_orders_that_cannot_be_carried_out_say_why(registered: PrefectLab, tmp_path: Path) -> None:
    with registered.settings():
        orders = PrefectOrders()
        with pytest.raises(NotFound, match="no deployment 'nothing'"):
            orders.create_run("nothing", {}, "a")
        with pytest.raises(EngineError, match="'path' is a required property") as refused:
            orders.create_run("leave_note", {}, "b")
        assert refused.value.permanent
        assert orders.state_of("00000000-0000-0000-0000-000000000000") is None
        with pytest.raises(NotFound, match="no flow run"):
            orders.cancel_run("00000000-0000-0000-0000-000000000000")
        registered.forget_deployments()
        orders._deployments["leave_note"] = orders._deployments.get(
            "leave_note", registered.client.create_flow_from_name("x")
        )
        with pytest.raises(NotFound, match="no deployment 'leave_note'"):
            orders.create_run("leave_note", {"path": str(tmp_path)}, "c")
        orders.close()


def test_a_server_that_is_away_is_waited_for_by_the_caller(prefect_lab: PrefectLab) -> None:
    """FAULTS F11: the relay keeps what it could not deliver; that it delivers it once tests/night shows."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        away = {**prefect_lab.server.environment, "PREFECT_API_URL": f"http://127.0.0.1:{nobody.getsockname()[1]}/api"}
        with (
            talking_to(away),
            contextlib.closing(PrefectOrders()) as orders,
            pytest.raises(EngineError, match="does not answer") as raised,
        ):
            orders.create_run("leave_note", {"path": "x"}, "kept")
    assert not raised.value.permanent


def test_the_end_of_a_log_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("\n".join(str(number) for number in range(40)))
    assert tail(tmp_path / "log", 3) == "37\n38\n39"
    assert "no log" in tail(tmp_path / "nothing")
