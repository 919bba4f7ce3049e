"""A wrong value in a site file, with the key it stands under."""


class FieldError(ValueError):
    """Names the key inside its block, so that the site check can point at the line and column of that key."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)
