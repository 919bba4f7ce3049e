"""Where the desk of a home listens: it notes that itself when it starts."""

from pathlib import Path


def address_note(home: Path) -> Path:
    """The file that says where the desk of this home listens, or did last."""
    return home / "desk-address"


def noted_address(home: Path) -> str | None:
    """The address in it, such as `http://127.0.0.1:4280`; None when no desk ever listened."""
    note = address_note(home)
    return note.read_text(encoding="utf-8").strip() if note.is_file() else None
