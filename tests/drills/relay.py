"""A cable between a client and a lab host that can be cut, at once or after so many bytes."""

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

ABRUPT = struct.pack("ii", 1, 0)  # SO_LINGER: closed by a reset, as when a machine lost its power


class Relay:
    """Listens on a port of its own and passes on every byte, until it is cut."""

    def __init__(self, port: int) -> None:
        self._there = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.cut_after: int | None = None
        self.passed = 0
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._go(self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """Both ends hear that the cable is gone; new connections are passed on again."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
                end.shutdown(socket.SHUT_RD)
            end.close()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here = self._server.accept()[0]
                there = socket.create_connection(("127.0.0.1", self._there))
                self._ends += [here, there]
                self._go(self._pass, here, there)
                self._go(self._pass, there, here)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self.passed += len(piece)
                if self.cut_after is not None and self.passed > self.cut_after:
                    self.cut_after = None
                    self.cut()
                    return
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)

    def _go(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # any callable
        thread.start()
        self._threads.append(thread)
