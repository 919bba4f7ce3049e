"""What a sender did wrong: one error for all formats, with the place, what to do, and the HTTP status that says it."""

import json

from models.errors import WatchbillError

_LONGEST_NAME, _LONGEST_SHOWN = 128, 60


class BadInput(WatchbillError):
    """What was sent cannot be taken, and will not be taken when it is sent again."""

    exit_code = 2

    def __init__(self, status: int, place: str, problem: str, mend: str) -> None:
        self.status = status
        """400: cannot be read; 401, 403: not let in; 408: too slow; 409: another under this key; 413: too much;
        415: not in this form; 422: read, but no event.
        """
        self.place = place
        """A JSON pointer (RFC 6901) into the body, empty for the whole; or `header NAME`, or `path`."""
        self.problem, self.mend = problem, mend
        super().__init__(f"{place or 'the body'} {problem}: {mend}")

    def under(self, prefix: str) -> "BadInput":
        """The same, for a part of the body that lies at this pointer."""
        return BadInput(self.status, prefix + self.place, self.problem, self.mend)


class NotNow(WatchbillError):
    """What was sent was not taken; it can be when it is sent again. 429: too much at once; 503: it cannot be kept."""

    permanent = False

    def __init__(self, status: int, problem: str, retry_after_seconds: int) -> None:
        self.status, self.retry_after_seconds = status, retry_after_seconds
        super().__init__(f"{problem}: send it again in {retry_after_seconds} s")


def pointer(*names: str | int) -> str:
    """The JSON pointer that leads along these member names and positions; a long name is cut."""
    return "".join("/" + _plain(str(name), _LONGEST_NAME).replace("~", "~0").replace("/", "~1") for name in names)


def shown(value: object) -> str:
    """A value of the sender as a message shows it: short, and with nothing in it that a terminal would obey."""
    if isinstance(value, str):
        return f'"{_plain(value, _LONGEST_SHOWN)}"'
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return json.dumps(value)


def _plain(text: str, longest: int) -> str:
    short = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return short if short.isprintable() else ascii(short)[1:-1]
