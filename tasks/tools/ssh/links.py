"""Connections by host: reused, at most some channels each, at most some handshakes at once."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.line import EarlyClose, Key, Line, NoChannel, Pins, Pipe, dial, load_key, load_pins
from tasks.tools.ssh.shapes import Target

MOST_LINES = 256
KNOCKS = 6
"""How often a host that hangs up during handshakes is tried: MaxStartups drops at random, so a pause helps."""


@dataclass
class _Link:
    line: Line
    used: int = 0
    idle_since: float = 0.0
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


@dataclass
class _Host:
    """What is open, in the making and waited for, at one host."""

    turn: threading.Condition = field(default_factory=threading.Condition)
    links: list[_Link] = field(default_factory=list)
    handshakes: int = 0
    waiting: int = 0
    failure: HostError | None = None
    failed_at: float = 0.0


class Links:
    """All connections of a pool. Safe to use from many threads."""

    def __init__(self, handshakes_per_host: int, channels_per_connection: int) -> None:
        self._handshakes = handshakes_per_host
        self._channels = channels_per_connection
        self._lock = threading.Lock()
        self._hosts: dict[Target, _Host] = {}
        self._credentials: dict[Target, tuple[Key, Pins]] = {}
        self._closed = False

    @contextlib.contextmanager
    def channel(self, target: Target) -> Iterator[Line]:
        """A place for one channel on a connection to the target. Raises HostError."""
        host = self._host(target)
        link = self._take(host, target)
        try:
            yield link.line
        except NoChannel:
            link.line.close()
            raise
        finally:
            self._give_back(host, link)

    def close(self) -> None:
        """Close every connection; the pool cannot be used again."""
        with self._lock:
            self._closed = True
            hosts = list(self._hosts.values())
        for host in hosts:
            with host.turn:
                links, host.links = host.links, []
                host.turn.notify_all()
            for link in links:
                _hang_up(link)

    def _host(self, target: Target) -> _Host:
        with self._lock:
            if self._closed:
                raise HostError(target.name, HostFault.REFUSED_BY_US, "the pool is closed; nothing was sent")
            return self._hosts.setdefault(target, _Host())

    def _take(self, host: _Host, target: Target) -> _Link:
        """A link with a free channel; else make one, unless those in the making will do."""
        since = time.monotonic()
        with host.turn:
            while True:
                link = self._free(host)
                if link:
                    link.used += 1
                    return link
                if host.failure and host.failed_at > since:
                    raise host.failure
                promised = host.handshakes * self._channels
                if host.handshakes < self._handshakes and host.waiting >= promised:
                    host.handshakes += 1
                    break
                host.waiting += 1
                host.turn.wait(timeout=1)
                host.waiting -= 1
        return self._make(host, target)

    def _free(self, host: _Host) -> _Link | None:
        for link in [link for link in host.links if not link.line.alive]:
            host.links.remove(link)
            if not link.used:
                _hang_up(link)
        return next((link for link in host.links if link.used < self._channels), None)

    def _make(self, host: _Host, target: Target) -> _Link:
        self._make_room()
        link, failure = None, None
        try:
            link = self._knock(target)
            return link
        except HostError as error:
            failure = error
            raise
        finally:
            with host.turn:
                host.handshakes -= 1
                if link:
                    host.links.append(link)
                if failure:
                    host.failure, host.failed_at = failure, time.monotonic()
                host.turn.notify_all()

    def _knock(self, target: Target) -> _Link:
        for attempt in range(KNOCKS):
            try:
                return self._connect(target)
            except EarlyClose:
                if attempt == KNOCKS - 1:
                    raise
                time.sleep(min(2.0, 0.2 * 2**attempt) * random.uniform(0.5, 1.5))  # noqa: S311  # spreads load
        raise AssertionError("not reached")

    def _connect(self, target: Target) -> _Link:
        with contextlib.ExitStack() as stack:
            credentials = self._load(target)  # before the host hears of us
            pipe = self._through(stack, target, target.jump) if target.jump else dial(target)
            return _Link(Line(target, pipe, *credentials), used=1, stack=stack.pop_all())

    def _through(self, stack: contextlib.ExitStack, target: Target, jump: Target) -> Pipe:
        try:
            return stack.enter_context(self.channel(jump)).tunnel(target)
        except EarlyClose as error:
            raise HostError(target.name, error.fault, f"the jump host {jump.name}: {error}") from error
        except HostError as error:
            if error.host == target.name:
                raise
            raise HostError(target.name, error.fault, f"the jump host {error}") from error

    def _load(self, target: Target) -> tuple[Key, Pins]:
        credentials = self._credentials.get(target)
        if credentials is None:
            credentials = self._credentials[target] = (load_key(target), load_pins(target))
        return credentials

    def _give_back(self, host: _Host, link: _Link) -> None:
        with host.turn:
            link.used -= 1
            link.idle_since = time.monotonic()
            if not link.line.alive and link in host.links:
                host.links.remove(link)
            host.turn.notify()
        if not link.line.alive and link.used == 0:
            _hang_up(link)

    def _make_room(self) -> None:
        """Close the connection that was idle longest, when there are too many."""
        with self._lock:
            hosts = list(self._hosts.values())
        if sum(len(host.links) for host in hosts) < MOST_LINES:
            return
        idle = [
            (link.idle_since, number, link) for number, host in enumerate(hosts) for link in host.links if not link.used
        ]
        if not idle:
            return
        _, number, link = min(idle, key=lambda entry: entry[0])
        with hosts[number].turn:
            if link.used or link not in hosts[number].links:
                return
            hosts[number].links.remove(link)
        _hang_up(link)


def _hang_up(link: _Link) -> None:
    link.line.close()
    link.stack.close()
