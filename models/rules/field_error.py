"""A wrong value in a site file, with the key it stands under."""

from collections.abc import Iterator
from contextlib import contextmanager


class FieldError(ValueError):
    """Names the key inside its block, so that the site check can point at the line and column of that key."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


@contextmanager
def under(key: str) -> Iterator[None]:
    """Turns a plain ValueError into one that names this key."""
    try:
        yield
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(key, str(error)) from None
