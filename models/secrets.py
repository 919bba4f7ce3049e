"""Secrets by reference: `secret://name` is resolved where it is used, at the last moment, and nowhere else."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from models.errors import WatchbillError

REFERENCE = re.compile(r"secret://([a-z0-9][a-z0-9._-]{0,63})")


class SecretMissing(WatchbillError):
    """A secret is not where this machine looks for it."""


class SecretStore:
    """One file per secret, in a folder of ours or in the one that systemd's LoadCredential fills."""

    def __init__(self, folder: Path) -> None:
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        self._folders = [folder, *([Path(credentials)] if credentials else [])]

    def path(self, reference: str) -> Path:
        """The file of a secret. Raises SecretMissing, which says where it was looked for, and for loose file modes."""
        found = REFERENCE.fullmatch(reference)
        if not found:
            raise SecretMissing(f"{reference!r} is not a reference: it looks like secret://name")
        for folder in self._folders:
            path = folder / found[1]
            if path.is_file():
                if path.stat().st_mode & 0o077:
                    raise SecretMissing(f"{path} can be read by others: chmod 600 it, then run again")
                return path
        looked = " and ".join(str(folder) for folder in self._folders)
        raise SecretMissing(f"{reference}: no such file in {looked}: put the value there, mode 600")

    def resolve(self, reference: str) -> str:
        """The value: the file without its last line end."""
        return self.path(reference).read_text(encoding="utf-8").removesuffix("\n")

    def resolve_all(self, references: Mapping[str, str]) -> dict[str, str]:
        """The values of several references, under the same names."""
        return {name: self.resolve(reference) for name, reference in references.items()}
