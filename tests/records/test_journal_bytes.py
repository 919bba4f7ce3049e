"""The journal's hash is of the bytes that its page says, however they are made."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from models.queries.journal import CANONICAL, DOMAIN, hash_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ROWS = st.fixed_dictionaries(
    {name: st.none() | TEXTS for name in ("tag", "subject", "source", "target", "actor", "reason", "facts", "key")}
    | {"seq": st.integers(1, 2**63 - 1), "at": TEXTS, "previous": TEXTS, "hash": TEXTS}
)


@given(ROWS)
def test_a_row_is_hashed_as_canonical_json(row: dict[str, object]) -> None:
    body = {name: value for name, value in row.items() if name != "hash"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hash_of(row) == hash_of(body) == hashlib.sha256(f"{DOMAIN}\n{text}".encode()).hexdigest()
    assert CANONICAL.encode(body) == text
