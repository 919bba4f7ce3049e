"""What a caller of the desk can get wrong before anything is asked of the shared database."""

from models.errors import WatchbillError


class Misuse(WatchbillError):
    """The call itself cannot be understood."""

    exit_code = 2
