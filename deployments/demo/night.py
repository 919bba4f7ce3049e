"""Make the demo's site: the shipped night with the lab's hosts written in, and its hours pressed into a minute.

Only times are changed. What a job does, where, and what happens when it goes wrong, is the shipped site's.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from deployments.demo.backups import passwords, place_backups, schedules
from deployments.demo.chat import SECRET as CHAT
from deployments.demo.senders import tokens
from deployments.demo.shop_front import JOB, PROBE, ShopFront
from deployments.lab import LabHost
from models.settings import CHECKOUT

SHIPPED = CHECKOUT / "deployments" / "sites" / "night"
ZONE = "Europe/Berlin"
FIRST_MINUTE = 30
"""The night begins at 00:30."""
SECONDS_PER_MINUTE = 0.25
"""An hour of the night takes 15 seconds."""
CAUGHT_UP = "send-invoices"
"""The job whose time passed while the engine was down."""
GRAVE, TO_OWN, TO_RESOLVE = "P1", "3s", "30s"
"""What is promised for the gravest incidents of the shop: ten minutes and two hours of the night."""
GROUPING = {"group_wait": "2s", "group_interval": "4s"}
DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")
WEEKLY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* [a-z]{3}")
SECRET = "lab-password-of-the-demo"  # noqa: S105 - the demo shows that it is redacted


@dataclass(frozen=True)
class Night:
    """Where the demo's site and backups are, when its hours are in real time, and when the missed slot was due."""

    site: Path
    repositories: Path
    starts: datetime
    missed: datetime

    def at(self, hour: int, minute: int) -> datetime:
        """The real instant of an hour of the night."""
        minutes = hour * 60 + minute - FIRST_MINUTE
        return self.starts + timedelta(seconds=minutes * SECONDS_PER_MINUTE)


def write_night(night: Night, hosts: list[LabHost], shop_front: ShopFront, *, is_read: bool = True) -> None:
    """Write the site into its folder, anew. Unless `is_read` there are no probes yet, so that no round was missed."""
    folder = night.site
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SHIPPED, folder)
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    shutil.copy(hosts[0].key_file, keys / "night")
    (keys / "night").chmod(0o600)
    with _edit(folder / "services.yaml") as services:
        for host in hosts:
            services["hosts"][host.name].update(_reach(host))
    with _edit(folder / "calendars.yaml") as calendars:
        _press_calendars(calendars["calendars"], night)
    with _edit(folder / "jobs.yaml") as jobs, _edit(folder / "probes.yaml") as probes:
        for name, job in jobs["jobs"].items():
            _press(job, night, night.missed if name == CAUGHT_UP else None)
        shop_front.place(jobs["jobs"][JOB], probes["probes"][PROBE])
    if not is_read:
        (folder / "probes.yaml").unlink()
    with _edit(folder / "incidents.yaml") as incidents:
        promise = incidents["promises"]["shop"]
        promise["own"][GRAVE], promise["resolve"][GRAVE] = TO_OWN, TO_RESOLVE
    with _edit(folder / "problems.yaml") as handling:
        _press(handling["detection"], night)
    with _edit(folder / "events.yaml") as events:
        events["route"].update(GROUPING)
    with _edit(folder / "backups.yaml") as backups:
        place_backups(backups, night.repositories, {host.name: host for host in hosts})
        for routine in schedules(backups):
            _press(routine, night)


class _edit:
    """A YAML file, read on entry and written on exit; comments and order stay."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._yaml = YAML()
        self._yaml.width = 1000

    def __enter__(self) -> Any:
        self._data = self._yaml.load(self._path.read_text())
        return self._data

    def __exit__(self, *_error: object) -> None:
        with self._path.open("w") as file:
            self._yaml.dump(self._data, file)


def _reach(host: LabHost) -> Mapping[str, Any]:
    return {
        "address": host.address,
        "port": host.port,
        "user": host.user,
        "key": "keys/night",
        "host_keys": [host.host_key],
        "run_directory": host.run_directory,
    }


def _press_calendars(calendars: dict[str, Any], night: Night) -> None:
    """The hours in which batch work may run are now; the blackout lasts as long as an hour of the night does."""
    calendars["night"]["hours"] = {"mon-sun": ["00:00-24:00"]}
    (window,) = calendars["stock-posting"]["windows"]
    reason = window["reason"]
    calendars["stock-posting"]["windows"] = [
        {"starts": _wall(night.at(3, 0)), "ends": _wall(night.at(4, 0)), "reason": reason}
    ]


def _press(routine: dict[str, Any], night: Night, due: datetime | None = None) -> None:
    """Give what is due once a day its time in the pressed night, or another one; what is weekly waits a week."""
    cron = routine.get("schedule", {}).get("cron", "")
    weekly = WEEKLY.fullmatch(cron)
    found = weekly or DAILY.fullmatch(cron)
    if found is None:
        return
    due = due or night.at(int(found[2]), int(found[1])) + (timedelta(weeks=1) if weekly else timedelta(0))
    routine["schedule"] = {"rrule": "FREQ=DAILY;COUNT=1", "start": _wall(due)}


def _wall(instant: datetime) -> str:
    """The time on the wall in the site's zone, to the second."""
    return instant.astimezone(ZoneInfo(ZONE)).replace(microsecond=0, tzinfo=None).isoformat()


def put_secrets(home: Path, chat: str) -> None:
    """Put the secrets that the night's site names where a worker looks for them."""
    folder = home / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, value in {"payroll-db": SECRET, CHAT: chat, **passwords(), **tokens()}.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(value + "\n")
