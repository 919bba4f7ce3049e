"""An empty restic repository whose password costs nothing to try; one by `restic init` costs each command 0.3 s.

The format is restic's own (design document, sections Repository Format and Keys): each file is a nonce, AES-256-CTR
of its content, and Poly1305-AES of that. Only the parameters of scrypt are smaller than restic would choose.
"""

import json
import os
from base64 import b64encode
from dataclasses import dataclass
from hashlib import scrypt, sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

from tasks.tools.backup.restic.calls import Answer, Restic

FOLDERS = ("data", "index", "keys", "locks", "snapshots")
POLYNOMIAL = "37c20f17b573e9"
ROUNDS = {"N": 2, "r": 8, "p": 1}


@dataclass(frozen=True)
class Key:
    """64 bytes: for AES, and for the two halves of Poly1305-AES."""

    secret: bytes

    def sealed(self, content: object) -> bytes:
        """A document as restic stores it."""
        nonce, plain = os.urandom(16), json.dumps(content).encode()
        hidden = Cipher(AES(self.secret[:32]), CTR(nonce)).encryptor().update(plain)
        once = Cipher(AES(self.secret[32:48]), ECB()).encryptor().update(nonce)
        return nonce + hidden + Poly1305.generate_tag(self.secret[48:] + once, hidden)

    def spelled(self) -> dict[str, object]:
        """As the document of a key has it."""
        encrypt, k, r = (b64encode(part).decode() for part in (self.secret[:32], self.secret[32:48], self.secret[48:]))
        return {"mac": {"k": k, "r": r}, "encrypt": encrypt}


def make_repository(folder: Path, password: str) -> None:
    """Make one that restic opens with this password."""
    for name in FOLDERS:
        (folder / name).mkdir(mode=0o700, parents=True)
    master, salt = Key(os.urandom(64)), os.urandom(64)
    derived = Key(scrypt(password.encode(), salt=salt, n=ROUNDS["N"], r=ROUNDS["r"], p=ROUNDS["p"], dklen=64))
    key = {
        "created": "2026-11-22T02:00:00Z",
        "username": "root",
        "hostname": "quick",
        "kdf": "scrypt",
        **ROUNDS,
        "salt": b64encode(salt).decode(),
        "data": b64encode(derived.sealed(master.spelled())).decode(),
    }
    text = json.dumps(key).encode()
    (folder / "keys" / sha256(text).hexdigest()).write_bytes(text)
    config = {"version": 2, "id": os.urandom(32).hex(), "chunker_polynomial": POLYNOMIAL}
    (folder / "config").write_bytes(master.sealed(config))


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the engine makes by `restic init`, in a folder of this machine, be quick."""
    plain = Restic.done

    def done(self: Restic, *arguments: str, **options: Any) -> Answer:
        folder = self.repository.local
        if arguments != ("init",) or folder is None:
            return plain(self, *arguments, **options)
        make_repository(folder, self.repository.password)
        return Answer(0, b"", ())

    monkeypatch.setattr(Restic, "done", done)
