"""What the night's senders say over HTTP: Prometheus' Alertmanager with a storm, and a script whose link flaps."""

import json
import secrets
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.services.desk_address import address_note

SOURCES = ("prometheus", "nagios", "scripts")
STORM, BATCH = 400, 100
"""Alerts of the storm, and how many of them come in one request."""
FLAPS = 24
SECONDS = 10


def tokens() -> dict[str, str]:
    """The senders' tokens, new for each demo, by the names of their secrets."""
    return {f"{source}-token": secrets.token_urlsafe(24) for source in SOURCES}


def send_storm(home: Path, began: datetime, ended: datetime | None = None) -> int:
    """400 replicas lose their database, or have it back. Gives how many requests were taken."""
    alerts = [_alert(number, began, ended) for number in range(STORM)]
    status = "resolved" if ended else "firing"
    batches = [alerts[start : start + BATCH] for start in range(0, STORM, BATCH)]
    for batch in batches:
        shared = {"receiver": "watchbill", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}}
        message = {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": status, "alerts": batch}
        _post(home, "/events/alertmanager", "prometheus", {**shared, **message, "externalURL": "http://prometheus"})
    return len(batches)


def send_flaps(home: Path) -> int:
    """The link of the second site goes away and comes back, again and again. Gives how many events there were."""
    for number in range(FLAPS):
        status = "resolved" if number % 2 else "firing"
        event = {
            "name": "LinkDown",
            "status": status,
            "severity": "high",
            "key": "link-ham",
            "labels": {"host": "files1"},
        }
        _post(home, "/events", "scripts", event)
    return FLAPS


def _alert(number: int, began: datetime, ended: datetime | None) -> dict[str, Any]:
    labels = {"alertname": "ReplicaLost", "severity": "critical", "service": "shop-database"}
    return {
        "status": "resolved" if ended else "firing",
        "labels": {**labels, "instance": f"replica-{number:03}"},
        "annotations": {"summary": "the replica does not reach the database"},
        "startsAt": _time(began),
        "endsAt": _time(ended) if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": f"{number:016x}",
    }


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _post(home: Path, path: str, source: str, body: object) -> None:
    """Send one request as its source. Raises OSError when it is not taken."""
    address = address_note(home).read_text(encoding="utf-8").strip()
    token = (home / "secrets" / f"{source}-token").read_text(encoding="utf-8").strip()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{address}{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own desk
    with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
        pass
