"""Take secrets out of output before it is kept, also where they are encoded or cut."""

import base64
import shlex
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Shorter values are not looked for: they would black out ordinary words."""


class Redactor:
    """Knows every secret of one run, in the forms in which programs print them."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms = sorted(
            ((form, f"[redacted:{name}]".encode()) for name, value in secrets.items() for form in _forms(value)),
            key=lambda pair: len(pair[0]),
            reverse=True,
        )

    def clean(self, output: bytes) -> bytes:
        """The output with `[redacted:name]` where a secret stood."""
        for form, mark in self._forms:
            output = output.replace(form, mark)
        return output

    def clean_cut(self, head: bytes, tail: bytes) -> tuple[bytes, bytes]:
        """Both parts of a cut stream; a secret that the cut split is taken out of either edge."""
        head, tail = self.clean(head), self.clean(tail)
        for form, mark in self._forms:
            for length in range(len(form) - 1, SHORTEST // 2, -1):
                if head.endswith(form[:length]):
                    head = head[:-length] + mark
                    break
            for length in range(len(form) - 1, SHORTEST // 2, -1):
                if tail.startswith(form[-length:]):
                    tail = mark + tail[length:]
                    break
        return head, tail


def _forms(value: str) -> set[bytes]:
    """A value as it is, shell-quoted, URL-quoted, and in the three alignments of base64."""
    if len(value) < SHORTEST:
        return set()
    raw = value.encode()
    forms = {raw, shlex.quote(value).encode(), quote(value, safe="").encode(), quote_plus(value).encode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        # The first characters carry the padding's bits and the last ones what follows: neither is ours alone.
        forms.add(encoded[(offset * 8 + 5) // 6 : len(encoded) - 1 if (offset + len(raw)) % 3 else None])
    return {form for form in forms if len(form) >= SHORTEST}
