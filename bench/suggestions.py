"""Known errors for one new incident among 10,000 of them and 100,000 incidents: how long until they are found."""

import argparse
import gc
import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from models import migrations
from models.database import Database
from models.queries import incidents, known_error_suggesting, known_errors
from models.queries.states import Because
from models.records import Alert, AlertPolicyRow, Incident, KnownErrorUse, Ticket
from models.rules.incidents import NewIncident
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.rules.patterns import pattern_of
from models.vocabulary import (
    AlertState,
    EventClass,
    EventStatus,
    IncidentState,
    ResolutionCode,
    Severity,
    Standing,
    TicketKind,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BATCH = 2_000
SERVICES, CATEGORIES, VOCABULARY = 100, 20, 3_000
WORDS_IN_TITLE, WORDS_IN_DESCRIPTION = 8, 120
BENCH = Because("bench")


SETS = ("usual", "same words", "label patterns only")
FEW = 5
"""Of the sets in which many are the same, those that are always suggested."""


def measure(known: int = 10_000, history: int = 100_000, asked: int = 200) -> dict[str, object]:
    """Milliseconds to suggest for one new incident, on SQLite: read, matched, ranked and written with its note."""
    return {
        "what": f"one new incident of {WORDS_IN_TITLE + WORDS_IN_DESCRIPTION} words with an alert, {known:,} known "
        f"errors, and {history:,} incidents: for each one was suggested, and has solved one in ten of them",
        "incidents asked for": asked,
        "goal": "under 100 milliseconds",
        **{kind: _measured(kind, known, history, asked) for kind in SETS},
    }


def _measured(kind: str, known: int, history: int, asked: int) -> dict[str, object]:
    with TemporaryDirectory() as scratch:
        database = filled(Path(scratch), kind, known, history)
        gc.collect()
        gc.freeze()
        random, wall, cpu, found, untried = Random(9), [], [], 0, 0
        for number in range(asked):
            with database.write() as session:
                incident = incidents.open_incident(session, _new(random, kind, number), BENCH, NOW)
                session.flush()
                session.execute(insert(Alert.__table__), _alert(incident.id, number))
                pattern_of.cache_clear()  # as in a new process
                began = time.perf_counter(), time.process_time()
                found += bool(known_error_suggesting.suggest(session, incident, NOW))
                session.flush()
                wall.append(1000 * (time.perf_counter() - began[0]))
                cpu.append(1000 * (time.process_time() - began[1]))
                untried += known_error_suggesting.suggestions(session, incident).untried
        gc.unfreeze()
        database.close()
    return {
        "with a suggestion": found,
        "not tried, in all": untried,
        "wall, milliseconds": _spread(wall),
        "CPU, milliseconds": _spread(cpu),
    }


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2),
        "worst": round(ordered[-1], 2),
    }


def filled(folder: Path, kind: str, known: int, history: int) -> Database:
    """A database with so many published known errors, and so many incidents that are over."""
    database = Database(f"sqlite:///{folder}/watchbill.db")
    migrations.upgrade(database)
    random = Random(4)
    with database.write() as session:
        session.add(AlertPolicyRow(digest="bench", spec={}))
    for first in range(0, known, BATCH):
        with database.write() as session:
            for number in range(first, min(first + BATCH, known)):
                row = known_errors.create(session, _facts(random, kind, number), BENCH, NOW - timedelta(days=300))
                known_errors.publish(session, row, BENCH, NOW - timedelta(days=300))
    for first in range(1, history + 1, BATCH):
        numbers = range(first, min(first + BATCH, history + 1))
        tickets = [_ticket(random, number) for number in numbers]
        uses = [_use(random, ticket, known if kind == "usual" else FEW) for ticket in tickets]
        with database.write() as session:
            session.execute(insert(Ticket.__table__), tickets)
            session.execute(insert(Incident.__table__), [_incident(number) for number in numbers])
            session.execute(insert(KnownErrorUse.__table__), uses)
    return database


def _word(random: Random) -> str:
    """Some words are said much more often than others."""
    return f"word{int(VOCABULARY * random.random() ** 3):04d}"


def _text(random: Random, words: int) -> str:
    return " ".join(_word(random) for _ in range(words))


def _facts(random: Random, kind: str, number: int) -> KnownErrorFacts:
    wanted = {"usual": _usual, "same words": _same_words, "label patterns only": _patterns}[kind](random, number)
    return KnownErrorFacts(f"Known error {number}: {wanted.texts}", "It hangs.", wanted, workaround="Restart it.")


def _usual(random: Random, number: int) -> Recognition:
    """Seven in ten ask for a service and words; the others for words, wild cards, a host, a category alone."""
    service, category = f"service{random.randrange(SERVICES)}", f"category{random.randrange(CATEGORIES)}"
    words = _text(random, 2)
    kinds = (
        *[Recognition(service=service, texts=(words,))] * 5,
        Recognition(service=service, category=category, texts=(words, _text(random, 1))),
        Recognition(service=service, texts=(f"{_word(random)[:6]}*",)),
        Recognition(texts=(_text(random, 3),)),
        Recognition(service=service, host=f"web{random.randrange(50)}*"),
        Recognition(service=service, category=category),
    )
    return kinds[number % len(kinds)]


def _same_words(_random: Random, number: int) -> Recognition:
    """Half of them fit every incident of this set, a quarter those of one word more, a quarter none."""
    texts = ("database error", "database error", f"database word{number % 30:04d}*", f"database x{number}*")
    return Recognition(texts=(texts[number % len(texts)],))


def _patterns(_random: Random, number: int) -> Recognition:
    """Nothing that could be looked up: each begins, ends, or is in the middle of a label's value."""
    shapes = ('job=~"shop-{}-.*"', 'job=~".*-x{}"', 'job=~".*-{}-(front|back)"', 'job=~"shop-.+",env=~"e{}.*"')
    return Recognition(shapes[number % len(shapes)].format(number))


def _new(random: Random, kind: str, number: int) -> NewIncident:
    same = "database error " if kind == "same words" else ""
    return NewIncident(
        title=same + _text(random, WORDS_IN_TITLE),
        description=_text(random, WORDS_IN_DESCRIPTION),
        service=f"service{number % SERVICES}",
        category=f"category{random.randrange(CATEGORIES)}",
        host=f"web{random.randrange(50)}",
    )


def _alert(incident_id: int, number: int) -> dict[str, Any]:
    labels = {"name": "HttpDown", "job": f"shop-{4 * number}-front", "env": "prod", "instance": f"10.0.0.{number}:443"}
    return {
        "id": incident_id,
        "fingerprint": f"{incident_id:016d}",
        "incident_id": incident_id,
        "labels": labels,
        "source": "bench",
        "name": "HttpDown",
        "scope": "source:bench",
        "event_class": EventClass.EXCEPTION,
        "severity": Severity.CRITICAL,
        "status": EventStatus.FIRING,
        "state": AlertState.FIRING,
        "standing": Standing.OPEN,
        "details": {},
        "episode": 1,
        "events": 1,
        **dict.fromkeys(("created_at", "fired_at", "firing_since", "seen_at", "as_of", "changed_at"), NOW),
        "is_flapping": False,
        "is_reached": True,
        **dict.fromkeys(("flaps", "counted", "digest", "repeats"), ""),
        "is_for_incident": True,
        "is_drill": False,
        "policy_id": 1,
    }


def _ticket(random: Random, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "kind": TicketKind.INCIDENT,
        "public_id": f"{number:016d}",
        "title": _text(random, WORDS_IN_TITLE),
        "description": "",
        "service": f"service{random.randrange(SERVICES)}",
        "category": f"category{random.randrange(CATEGORIES)}",
        "opened_by": "bench",
        "opened_at": NOW - random.randrange(400_000) * MINUTE,
        "source": "bench",
        "is_drill": False,
    }


def _incident(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "state": IncidentState.CLOSED,
        "impact": "high",
        "urgency": "high",
        "priority": "P1",
        "resolution_code": ResolutionCode.KNOWN_ERROR,
        "resolution": "bench",
        "closed_at": NOW,
    }


def _use(random: Random, ticket: dict[str, Any], known: int) -> dict[str, Any]:
    is_used = ticket["id"] % 10 == 0
    return {
        "incident_id": ticket["id"],
        "known_error_id": 1 + random.randrange(known),
        "service": ticket["service"] if is_used else None,
        "category": ticket["category"] if is_used else None,
        "why": "bench",
        "score": 1,
        "suggested_at": ticket["opened_at"],
        "used_at": ticket["opened_at"] if is_used else None,
        "used_by": "bench" if is_used else None,
        "worked": True if is_used else None,
        "settled_at": ticket["opened_at"] if is_used else None,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", type=int, default=10_000)
    parser.add_argument("--history", type=int, default=100_000)
    given = parser.parse_args()
    print(json.dumps(measure(given.known, given.history), indent=2))
