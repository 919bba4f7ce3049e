"""The real Alertmanager and the real Nagios of Debian, each with a configuration of its own, send to a real desk."""

import getpass
import grp
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from deployments.engine.prefect_server import free_port
from models.database import Database
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, Severity
from tests.drills.ingest_lab import TOKEN, Desk, running_desk, until
from tests.servers import need

pytestmark = pytest.mark.drill


@pytest.fixture
def desk(sqlite: Database, tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path, sqlite) as running:
        yield running


@contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server as long as the block lasts."""
    with log.open("wb") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


ALERTMANAGER = """
    route:
      receiver: watchbill
      group_by: [alertname]
      group_wait: 1s
      group_interval: 1s
      repeat_interval: 1h
      routes:
        - {{receiver: by-pagerduty, matchers: ['how="pagerduty"']}}
    receivers:
      - name: watchbill
        webhook_configs:
          - url: {url}/events/alertmanager
            http_config: {{authorization: {{credentials: {token}}}}}
      - name: by-pagerduty
        pagerduty_configs:
          - routing_key: {token}
            url: {url}/v2/enqueue
            severity: error
    """


@contextmanager
def alertmanager(desk: Desk, folder: Path) -> Iterator[str]:
    """An Alertmanager that sends to the desk; gives its own address."""
    program, port = need("prometheus-alertmanager"), free_port()
    config = folder / "alertmanager.yml"
    config.write_text(dedent(ALERTMANAGER).format(url=desk.url, token=TOKEN))
    command = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url, log = f"http://127.0.0.1:{port}", folder / "alertmanager.log"
    with running(command, log):
        until(lambda: _answers(f"{url}/-/ready"), log.read_text)
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def post_alerts(url: str, ends: timedelta | None, *names: str, **labels: str) -> None:
    now = datetime.now(UTC)
    alerts: list[dict[str, Any]] = [
        {
            "labels": {"alertname": name, "severity": "critical", "instance": "db1:9100", **labels},
            "annotations": {"summary": f"{name} on db1"},
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            **({"endsAt": (now + ends).isoformat()} if ends is not None else {}),
        }
        for name in names
    ]
    httpx.post(f"{url}/api/v2/alerts", json=alerts).raise_for_status()


def of(desk: Desk, name: str, status: EventStatus) -> list[Incoming]:
    return [event for event in desk.events() if event.name == name and event.status is status]


def test_alertmanager_sends_its_webhook_unmodified(desk: Desk, tmp_path: Path) -> None:
    with alertmanager(desk, tmp_path) as url:
        post_alerts(url, None, "DiskFull", "HostDown")
        fired = until(lambda: of(desk, "DiskFull", EventStatus.FIRING))[0]
        assert (fired.severity, fired.text, fired.labels["instance"]) == (
            Severity.CRITICAL,
            "DiskFull on db1",
            "db1:9100",
        )
        post_alerts(url, timedelta(seconds=-1), "DiskFull")
        ended = until(lambda: of(desk, "DiskFull", EventStatus.RESOLVED))[0]
        assert (ended.key, ended.labels) == (fired.key, fired.labels)
        assert of(desk, "HostDown", EventStatus.FIRING)
        assert not of(desk, "HostDown", EventStatus.RESOLVED)


def test_alertmanager_sends_as_to_pagerduty(desk: Desk, tmp_path: Path) -> None:
    with alertmanager(desk, tmp_path) as url:
        post_alerts(url, None, "DiskFull", how="pagerduty")
        fired = until(lambda: [event for event in desk.events() if event.status is EventStatus.FIRING])[0]
        assert (fired.format, fired.severity) == ("pagerduty", Severity.HIGH)
        post_alerts(url, timedelta(seconds=-1), "DiskFull", how="pagerduty")
        ended = until(lambda: [event for event in desk.events() if event.status is EventStatus.RESOLVED])[0]
        assert ended.key == fired.key


def test_alertmanager_sends_again_what_a_dead_desk_did_not_take(sqlite: Database, tmp_path: Path) -> None:
    with running_desk(tmp_path, sqlite) as desk, alertmanager(desk, tmp_path) as url:
        desk.kill()
        post_alerts(url, None, "DiskFull")
        desk.start()
        assert until(lambda: of(desk, "DiskFull", EventStatus.FIRING))


NAGIOS = """
    define timeperiod {{
        timeperiod_name always
        alias always
        monday 00:00-24:00
        tuesday 00:00-24:00
        wednesday 00:00-24:00
        thursday 00:00-24:00
        friday 00:00-24:00
        saturday 00:00-24:00
        sunday 00:00-24:00
    }}
    define command {{
        command_name notify-watchbill
        command_line {notify}
    }}
    define command {{
        command_name nothing
        command_line /bin/true
    }}
    define contact {{
        contact_name watchbill
        host_notification_period always
        service_notification_period always
        host_notification_options d,r
        service_notification_options w,u,c,r
        host_notification_commands notify-watchbill
        service_notification_commands notify-watchbill
    }}
    define host {{
        host_name db1
        address 192.0.2.7
        check_command nothing
        max_check_attempts 1
        check_period always
        contacts watchbill
        notification_period always
        notification_interval 0
        active_checks_enabled 0
    }}
    define service {{
        host_name db1
        service_description disk /var
        check_command nothing
        max_check_attempts 1
        check_period always
        contacts watchbill
        notification_period always
        notification_interval 0
        active_checks_enabled 0
        passive_checks_enabled 1
    }}
    """
MAIN = """
    log_file={folder}/nagios.log
    cfg_file={folder}/objects.cfg
    object_cache_file={folder}/objects.cache
    status_file={folder}/status.dat
    state_retention_file={folder}/retention.dat
    temp_file={folder}/nagios.tmp
    temp_path={folder}
    lock_file={folder}/nagios.pid
    command_file={folder}/nagios.cmd
    query_socket={folder}/nagios.qh
    check_result_path={folder}/results
    check_external_commands=1
    enable_notifications=1
    enable_environment_macros=1
    nagios_user={user}
    nagios_group={group}
    """
NOTIFY = """\
    #!/bin/sh
    {python} -c 'import json, os
    print(json.dumps({{name: value for name, value in os.environ.items() if name.startswith("NAGIOS_")}}))' |
    curl -sS -m 10 -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' \\
        --data-binary @- {url}/events/nagios
    """


@contextmanager
def nagios(desk: Desk, folder: Path) -> Iterator[Path]:
    """A Nagios that sends to the desk; gives the file to which it is told what was checked."""
    program = need("nagios4")
    need("curl")
    (folder / "results").mkdir(parents=True)
    notify = folder / "notify-watchbill"
    notify.write_text(dedent(NOTIFY).format(python=sys.executable, token=TOKEN, url=desk.url))
    notify.chmod(0o755)
    (folder / "objects.cfg").write_text(dedent(NAGIOS).format(notify=notify))
    (folder / "nagios.cfg").write_text(
        dedent(MAIN).format(folder=folder, user=getpass.getuser(), group=grp.getgrgid(os.getegid()).gr_name)
    )
    log = folder / "said.log"
    with running([program, folder / "nagios.cfg"], log):
        commands = folder / "nagios.cmd"
        until(commands.exists, log.read_text)
        yield commands


def tell(commands: Path, code: int, output: str) -> None:
    """What a check of the service found, as a passive result."""
    line = f"[{int(time.time())}] PROCESS_SERVICE_CHECK_RESULT;db1;disk /var;{code};{output}\n"
    with commands.open("w") as file:
        file.write(line)


def test_nagios_sends_problems_and_recoveries(desk: Desk, tmp_path: Path) -> None:
    with nagios(desk, tmp_path / "nagios") as commands:
        tell(commands, 2, "DISK CRITICAL - 1% left | /var=99%")
        fired = until(lambda: of(desk, "disk /var", EventStatus.FIRING), lambda: json.dumps([str(desk.events())]))[0]
        assert (fired.severity, fired.labels["host"], fired.labels["address"], fired.text) == (
            Severity.CRITICAL,
            "db1",
            "192.0.2.7",
            "DISK CRITICAL - 1% left",
        )
        tell(commands, 0, "DISK OK")
        ended = until(lambda: of(desk, "disk /var", EventStatus.RESOLVED))[0]
        assert (ended.key, ended.labels) == (fired.key, fired.labels)
