"""The teams' chat: a small web server that Apprise sends to, so that the demo can show what people are told."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "team-chat"  # noqa: S105 - its name


class Chat:
    """What was said in it, until somebody reads it."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._lines))

    @property
    def address(self) -> str:
        """As an Apprise URL."""
        return f"json://127.0.0.1:{self._server.server_port}/"

    @contextmanager
    def open(self) -> Iterator[None]:
        """It takes messages inside."""
        thread = threading.Thread(target=self._server.serve_forever, name="chat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def heard(self) -> Iterator[str]:
        """The first line of each message since the last time."""
        while self._lines:
            yield self._lines.popleft()


def _handler(lines: deque[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """A message: its first line."""
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            lines.append(said["message"].strip().partition("\n")[0])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing: what is said is told by the demo."""

    return Handler
