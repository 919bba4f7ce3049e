"""What the night's backups stand on: data on the lab's hosts, repositories in the demo's home, and their passwords."""

import json
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deployments.lab import LabHost
from models.site.backups import EngineName

ENGINE = EngineName.RESTIC if shutil.which("restic") else EngineName.ARCHIVE
"""What keeps the points where a repository of the shipped site says restic."""
ARTICLES, DELIVERIES, BOOKINGS = 240, 120, 500
FLIPPED_PLAN, FLIPPED_REPOSITORY = "payroll", "finance"


def fill_hosts(hosts: dict[str, LabHost], now: datetime) -> None:
    """Put on each host what its plan backs up: a few megabytes."""
    shop = hosts["web1"].folder / "srv" / "shop"
    for number in range(ARTICLES):
        _write(shop / "articles" / f"{number % 12:02}" / f"article-{number:04}.txt", _lines(number, "article", 500))
    _write(shop / "index.html", "<h1>Nordlicht</h1>\n")
    _write(shop / "articles" / "half-written.tmp", "left out\n")
    for number in range(DELIVERIES):
        _write(hosts["app2"].folder / "srv" / "stock" / f"delivery-{number:04}.csv", _lines(number, "pallet", 600))
    database = hosts["db2"].folder / "srv" / "payroll" / "payroll.db"
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table bookings (number integer primary key, booked_at text, amount real)")
        rows = [(_iso(now - timedelta(minutes=number)), 2100 + number * 13 % 1900) for number in range(BOOKINGS)]
        connection.executemany("insert into bookings (booked_at, amount) values (?, ?)", rows)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _lines(seed: int, what: str, count: int) -> str:
    return "".join(f"{what} {seed:04} {line * 7919 % 99991:05}\n" for line in range(count))


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def place_backups(site: dict[str, Any], folder: Path, hosts: dict[str, LabHost]) -> None:
    """Write the demo's folders and its engine into the entries of backups.yaml."""
    for name, repository in site["repositories"].items():
        repository["where"] = str(folder / name)
        if repository["engine"] == EngineName.RESTIC:
            repository["engine"] = ENGINE.value
            if ENGINE is EngineName.ARCHIVE:
                del repository["password"]
    for plan in site["backups"].values():
        host = hosts[plan["source"]["on"]].folder
        source = plan["source"]
        if "paths" in source:
            source["paths"] = [_below(host, path) for path in source["paths"]]
        if "sqlite" in source:
            source["sqlite"] = _below(host, source["sqlite"])
        for expected in plan["drill"].get("expect", []):
            _place_expectation(expected, host)


def _place_expectation(expected: dict[str, Any], host: Path) -> None:
    if "file" in expected:
        expected["file"] = _below(host, "/" + expected["file"]).lstrip("/")
    if "command" in expected:
        folder = str(host / "srv").lstrip("/")
        expected["command"] = [word.replace(" srv/", f" {folder}/") for word in expected["command"]]


def _below(host: Path, path: str) -> str:
    """Where a path of a host is, on the machine that all hosts of the lab are."""
    return str(host / path.lstrip("/"))


def schedules(site: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything of backups.yaml that has a schedule."""
    for plan in site["backups"].values():
        yield plan
        yield plan["drill"]
        if "copy_to" in plan:
            yield plan["copy_to"]
    for repository in site["repositories"].values():
        if "check" in repository:
            yield repository["check"]


def passwords() -> dict[str, str]:
    """The repositories' passwords, new for each demo, by the names of their secrets."""
    return {f"{name}-password": secrets.token_urlsafe(24) for name in ("store", "vault")}


def flip_a_bit(folder: Path, plan: str) -> Path:
    """Flip one bit in the middle of the plan's newest archive, as an old disk does. Gives the file."""
    newest = max((folder / plan).glob("*.tar.zst"))
    body = bytearray(newest.read_bytes())
    body[len(body) // 2] ^= 1
    newest.chmod(0o600)
    newest.write_bytes(body)
    return newest


def points_in(folder: Path, home: Path) -> int:
    """How many restore points lie in a repository, counted in its own files; restic's copies of manifests are none."""
    if not (folder / "snapshots").is_dir():
        return sum(1 for _ in folder.glob("[a-z]*/*.json"))
    words = ["--repo", str(folder), "--password-file", str(home / "secrets" / f"{folder.name}-password")]
    command = ["restic", "snapshots", "--json", "--no-lock", "--no-cache", *words]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return sum(not any(tag.startswith("manifest=") for tag in one["tags"]) for one in listed)
