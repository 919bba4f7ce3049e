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
from models.records import Incident, KnownErrorUse, Ticket
from models.rules.incidents import NewIncident
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.vocabulary import IncidentState, ResolutionCode, TicketKind

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BATCH = 2_000
SERVICES, CATEGORIES, VOCABULARY = 100, 20, 3_000
WORDS_IN_TITLE, WORDS_IN_DESCRIPTION = 8, 120
BENCH = Because("bench")


def measure(known: int = 10_000, history: int = 100_000, asked: int = 200) -> dict[str, object]:
    """Milliseconds to suggest for one new incident, on SQLite: read, matched, ranked and written with its note."""
    with TemporaryDirectory() as scratch:
        database = filled(Path(scratch), known, history)
        gc.collect()
        gc.freeze()
        random, times, found = Random(9), [], 0
        for number in range(asked):
            with database.write() as session:
                incident = incidents.open_incident(session, _new(random, number), BENCH, NOW)
                session.flush()
                began = time.perf_counter()
                found += bool(known_error_suggesting.suggest(session, incident, NOW))
                session.flush()
                times.append(1000 * (time.perf_counter() - began))
        gc.unfreeze()
        database.close()
    times.sort()
    return {
        "what": f"one new incident of {WORDS_IN_TITLE + WORDS_IN_DESCRIPTION} words, {known:,} known errors that "
        f"ask for words, services, categories, hosts, and {history:,} incidents, a tenth of them solved by one",
        "incidents asked for": asked,
        "of them with a suggestion": found,
        "milliseconds": {
            "median": round(statistics.median(times), 2),
            "p99": round(times[int(0.99 * (len(times) - 1))], 2),
            "worst (goal: under 100)": round(times[-1], 2),
        },
    }


def filled(folder: Path, known: int, history: int) -> Database:
    """A database with so many published known errors, and so many incidents that are over."""
    database = Database(f"sqlite:///{folder}/watchbill.db")
    migrations.upgrade(database)
    random = Random(4)
    for first in range(0, known, BATCH):
        with database.write() as session:
            for number in range(first, min(first + BATCH, known)):
                row = known_errors.create(session, _facts(random, number), BENCH, NOW - timedelta(days=300))
                known_errors.publish(session, row, BENCH, NOW - timedelta(days=300))
    for first in range(1, history + 1, BATCH):
        numbers = range(first, min(first + BATCH, history + 1))
        tickets = [_ticket(random, number) for number in numbers]
        solved = [_use(random, ticket, known) for ticket in tickets if ticket["id"] % 10 == 0]
        with database.write() as session:
            session.execute(insert(Ticket.__table__), tickets)
            session.execute(insert(Incident.__table__), [_incident(number) for number in numbers])
            session.execute(insert(KnownErrorUse.__table__), solved)
    return database


def _word(random: Random) -> str:
    """Some words are said much more often than others."""
    return f"word{int(VOCABULARY * random.random() ** 3):04d}"


def _text(random: Random, words: int) -> str:
    return " ".join(_word(random) for _ in range(words))


def _facts(random: Random, number: int) -> KnownErrorFacts:
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
    title = f"Known error {number}: {words}"
    return KnownErrorFacts(title, "It hangs.", kinds[number % len(kinds)], workaround="Restart it.")


def _new(random: Random, number: int) -> NewIncident:
    return NewIncident(
        title=_text(random, WORDS_IN_TITLE),
        description=_text(random, WORDS_IN_DESCRIPTION),
        service=f"service{number % SERVICES}",
        category=f"category{random.randrange(CATEGORIES)}",
        host=f"web{random.randrange(50)}",
    )


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
    return {
        "incident_id": ticket["id"],
        "known_error_id": 1 + random.randrange(known),
        "service": ticket["service"],
        "category": ticket["category"],
        "why": "bench",
        "score": 1,
        "used_at": ticket["opened_at"],
        "used_by": "bench",
        "worked": True,
        "settled_at": ticket["opened_at"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", type=int, default=10_000)
    parser.add_argument("--history", type=int, default=100_000)
    given = parser.parse_args()
    print(json.dumps(measure(given.known, given.history), indent=2))
