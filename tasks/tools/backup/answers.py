"""What a restored copy answered to one expectation."""

import stat
from dataclasses import dataclass
from pathlib import Path

MOST_LINKS = 40


@dataclass(frozen=True)
class Answer:
    """In words for people, and whether it is what was expected."""

    text: str
    is_good: bool


def is_inside(copy: Path, path: str) -> bool:
    """Is this path in the copy? Its links lead where they led at the source; none leads out of the copy."""
    rest = _parts(path)[::-1]
    here: list[str] = []
    links = 0
    while rest:
        part = rest.pop()
        if part == "..":
            del here[-1:]  # as above the root: it stays there
            continue
        try:
            found = copy.joinpath(*here, part).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISLNK(found.st_mode):
            here.append(part)
            continue
        links += 1
        if links > MOST_LINKS:
            return False
        target = str(copy.joinpath(*here, part).readlink())
        here = [] if target.startswith("/") else here
        rest += _parts(target)[::-1]
    return True


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
