"""The tables of alerts take no word that there is not, though they say so in another way than other tables."""

import pytest
from sqlalchemy import Enum, text
from sqlalchemy.exc import IntegrityError

from models.database import Database
from models.errors import DatabaseError
from models.records import Alert, AlertChange
from tests.records.events_lab import Lab


@pytest.mark.parametrize("record", [Alert, AlertChange])
def test_a_word_that_there_is_not_is_refused(database: Database, record: type[Alert | AlertChange]) -> None:
    Lab(database).told(0, "+DiskFull host=web1")
    columns = [column for column in record.__table__.c if isinstance(column.type, Enum)]
    assert len(columns) == {Alert: 7, AlertChange: 3}[record]
    for column in columns:
        more = ", muted_reason = 'x'" if column.name == "muted_by" else ""
        change = text(f"UPDATE {record.__tablename__} SET {column.name} = :word{more}")
        refused = pytest.raises((IntegrityError, DatabaseError), match=f"ck__{record.__tablename__}__{column.name}")
        with refused, database.write() as session:
            session.execute(change, {"word": "nonsense"})
