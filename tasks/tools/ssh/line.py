"""One SSH connection: made with pinned keys and bounded waits, its failures told apart (FAULTS 0.2, R12).

The only module that knows paramiko. Its own timeouts follow the wall clock, so ours wait on events instead.
"""

import contextlib
import logging
import socket
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.ssh.shapes import Target
from tasks.tools.ssh.wire import Answer, Reading, Request, wrapper_call

CONNECT_SECONDS = 5
BANNER_SECONDS = 10
AUTH_SECONDS = 15
CHANNEL_SECONDS = 10
KEEPALIVE_SECONDS = 15
DEAD_LINE_MILLISECONDS = 15_000
QUIET_SECONDS, KNOCK_SECONDS, KNOCKS_UNHEARD = 5, 3, 3
"""The kernel asks a quiet line, and gives it up when it stays dumb: no line is dead for long unnoticed."""

# Curve25519 costs a fifth of a millisecond where a Diffie-Hellman group costs 80; no CBC and no
# encrypt-then-mac, so that a peer without strict key exchange gives nothing away (S32).
_KEX = ("curve25519-sha256@libssh.org", "mlkem768x25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384")
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
_DIGESTS = ("hmac-sha2-256", "hmac-sha2-512")
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

# Every failure is classified and returned; paramiko's own log would tell it a second time, with a traceback.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

Pipe = socket.socket | paramiko.Channel
Key = paramiko.PKey
Pins = dict[str, tuple[bytes, ...]]


class LineLost(HostError):
    """The line died, or fell silent, after the request was sent: the command may live."""


class NoChannel(HostError):
    """This connection takes no further channel; nothing was sent."""


class EarlyClose(HostError):
    """The host hung up during the handshake, as sshd does when too many knock at once."""


def load_key(target: Target) -> Key:
    """The private key of a target. Raises HostError when there is none that can be used."""
    if target.key_file is None:
        raise HostError(target.name, HostFault.REFUSED_BY_US, "no key file is set; nothing was sent")
    try:
        return paramiko.PKey.from_path(target.key_file)
    except (OSError, ValueError, paramiko.SSHException) as error:
        problem = f"the key file {target.key_file} cannot be used ({error or type(error).__name__}); nothing was sent"
        raise HostError(target.name, HostFault.REFUSED_BY_US, problem) from error


def dial(target: Target) -> socket.socket:
    """A TCP connection that notices a dead line within 15 seconds. Raises HostError."""
    where = f"{target.address}:{target.port}"
    try:
        pipe = socket.create_connection((target.address, target.port), timeout=CONNECT_SECONDS)
    except ConnectionRefusedError as error:
        raise HostError(target.name, HostFault.REFUSED, f"connection refused by {where}") from error
    except TimeoutError as error:
        problem = f"{where} did not answer within {CONNECT_SECONDS} s"
        raise HostError(target.name, HostFault.UNREACHABLE, problem) from error
    except (OSError, UnicodeError) as error:
        raise HostError(target.name, HostFault.UNREACHABLE, f"{where}: {error}") from error
    pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pipe.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_SECONDS)
    pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KNOCK_SECONDS)
    pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KNOCKS_UNHEARD)
    pipe.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_LINE_MILLISECONDS)
    return pipe


class Line:
    """An authenticated connection to one host."""

    def __init__(self, target: Target, pipe: Pipe, key: Key, pins: Pins) -> None:
        """Shake hands and log in over a pipe, which is closed on failure. Raises HostError."""
        self._target = target
        self._pipe = pipe
        self._where = f"{target.address}:{target.port}"
        self._shells: list[paramiko.Channel] = []  # idle; append and pop are atomic
        try:
            self._transport = paramiko.Transport(pipe)
            self._shake_hands(pins)
            self._log_in(key)
        except BaseException:
            self.close()
            raise
        self._transport.set_keepalive(KEEPALIVE_SECONDS)
        # paramiko looks ten times a second whether it is still wanted; we wake it when it is not.
        pipe.settimeout(5)

    @property
    def alive(self) -> bool:
        """Does the connection still stand, as far as is known?"""
        return self._transport.is_active()

    def close(self) -> None:
        """Hang up and end the reading thread."""
        with contextlib.suppress(OSError, EOFError):
            self._pipe.shutdown(socket.SHUT_RDWR) if isinstance(self._pipe, socket.socket) else self._pipe.close()
        if hasattr(self, "_transport"):
            self._transport.close()
        with contextlib.suppress(OSError, EOFError):
            self._pipe.close()

    def tunnel(self, target: Target) -> paramiko.Channel:
        """A pipe to another host through this one. Raises HostError."""
        there = (target.address, target.port)
        try:
            return self._transport.open_channel("direct-tcpip", there, ("127.0.0.1", 0), timeout=CHANNEL_SECONDS)
        except paramiko.ChannelException as error:
            problem = f"{target.address}:{target.port} cannot be reached through {self._target.name} ({error.text})"
            raise HostError(target.name, HostFault.UNREACHABLE, problem) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise NoChannel(target.name, HostFault.HANGS, f"{self._target.name} opens no tunnel: {error}") from error

    def exchange(self, request: Request, until: float, on_sent: Callable[[], None]) -> Answer:
        """Send a request and wait, to a monotonic time, for its answer. Raises NoChannel or LineLost."""
        channel = self._shell()
        try:
            on_sent()
            channel.settimeout(CHANNEL_SECONDS)
            channel.sendall(request.line() + request.payload)
            answer = self._read(channel, Reading(request.tag), until)
        except (paramiko.SSHException, OSError, EOFError) as error:
            _hang_up(channel)
            problem = f"the line to {self._where} died: {error or type(error).__name__}"
            raise LineLost(self._target.name, HostFault.LOST, problem) from error
        except BaseException:
            _hang_up(channel)
            raise
        if answer.goes_on:
            self._shells.append(channel)
        else:
            _hang_up(channel)
        return answer

    def open(self, call: bytes, prepare: Callable[[paramiko.Channel], Any], **sizes: int) -> paramiko.Channel:
        """A new channel on which a command line was sent. Raises NoChannel: nothing was started."""
        try:
            channel = self._transport.open_session(timeout=CHANNEL_SECONDS, **sizes)
            prepare(channel)
            _call(channel, call)
        except (paramiko.SSHException, OSError, EOFError) as error:
            problem = f"{self._where} opens no channel: {error or type(error).__name__}"
            raise NoChannel(self._target.name, HostFault.HANGS, problem) from error
        return channel

    def _shell(self) -> paramiko.Channel:
        """A channel with a wrapper that waits for a request: one that served before, else a new one."""
        while self._shells:
            channel = self._shells.pop()
            if self._is_there(channel):
                return channel
            _hang_up(channel)
        # One stream to drain; the wrapper sends its own two inside it.
        return self.open(wrapper_call(), lambda channel: channel.set_combine_stderr(True))

    def _is_there(self, channel: paramiko.Channel) -> bool:
        """Does a shell that served before still answer? One that does not must not be given a command."""
        if channel.closed or channel.eof_received:
            return False
        try:
            channel.settimeout(CHANNEL_SECONDS)
            channel.sendall(b"\n")
            if channel.recv(1) == b"\n":
                return True
        except (paramiko.SSHException, OSError, EOFError) as error:
            problem = f"{self._where} does not answer any more: {error or type(error).__name__}"
            raise NoChannel(self._target.name, HostFault.HANGS, problem) from error
        return False

    def _read(self, channel: paramiko.Channel, reading: Reading, until: float) -> Answer:
        name = self._target.name
        while (left := until - time.monotonic()) > 0:
            channel.settimeout(min(left, KEEPALIVE_SECONDS))
            try:
                piece = channel.recv(65536)
            except TimeoutError:
                continue
            if not piece and not self.alive:
                raise LineLost(name, HostFault.LOST, f"the line to {self._where} died mid-command")
            if not piece:
                noise = reading.noise or "nothing was printed"
                raise LineLost(name, HostFault.UNUSABLE, f"the session ended without an answer: {noise}")
            if reading.feed(piece):
                return reading.answer()
            if reading.flooded:
                raise LineLost(name, HostFault.UNUSABLE, f"the login shell floods the line: {reading.noise}")
        raise LineLost(name, HostFault.HANGS, f"{self._where} gave no answer in time")

    def _shake_hands(self, pins: Pins) -> None:
        transport, name = self._transport, self._target.name
        transport.banner_timeout = BANNER_SECONDS
        transport.auth_timeout = AUTH_SECONDS
        options = transport.get_security_options()
        options.kex, options.ciphers, options.digests = _KEX, _CIPHERS, _DIGESTS
        options.key_types = tuple(kind for pin in pins for kind in _SIGNATURES.get(pin, (pin,)))
        done = threading.Event()
        transport.start_client(event=done)
        self._await(done, BANNER_SECONDS + AUTH_SECONDS, "the handshake")
        if not transport.is_active():
            raise self._handshake_failure(transport.get_exception())
        key = transport.get_remote_server_key()
        if key.asbytes() not in pins.get(key.get_name(), ()):
            problem = f"{self._where} shows {key.get_name()} {_fingerprint(key.asbytes())}, which is not pinned"
            raise HostError(name, HostFault.WRONG_KEY, f"{problem}; nothing was sent")

    def _handshake_failure(self, error: Exception | None) -> HostError:
        name = self._target.name
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            fault = HostFault.WRONG_KEY if "host key" in str(error) else HostFault.UNUSABLE
            return HostError(name, fault, f"{self._where} offers nothing that we accept: {error}; nothing was sent")
        # paramiko says "error reading banner" for silence and for a closed door; what it met tells them apart.
        if isinstance(getattr(error, "__context__", None), TimeoutError):
            return HostError(name, HostFault.HANGS, f"{self._where} took the connection, then said nothing")
        return EarlyClose(name, HostFault.REFUSED, f"{self._where} hung up during the handshake ({error})")

    def _log_in(self, key: Key) -> None:
        transport, name = self._transport, self._target.name
        done = threading.Event()
        try:
            transport.auth_publickey(self._target.user, key, event=done)
        except paramiko.SSHException as error:
            raise EarlyClose(name, HostFault.REFUSED, f"{self._where} hung up before the login") from error
        self._await(done, AUTH_SECONDS, "the login")
        if transport.is_authenticated():
            return
        cause = transport.get_exception()
        if isinstance(cause, EOFError | OSError) and not isinstance(cause, paramiko.SSHException):
            raise EarlyClose(name, HostFault.REFUSED, f"{self._where} hung up during the login")
        problem = f"{self._where} does not let in {self._target.user} with {self._target.key_file}"
        raise HostError(name, HostFault.AUTH, problem)

    def _await(self, done: threading.Event, seconds: float, what: str) -> None:
        if not done.wait(seconds):
            problem = f"{self._where} did not finish {what} within {seconds:.0f} s"
            raise HostError(self._target.name, HostFault.HANGS, problem)


def _hang_up(channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        channel.close()


def _call(channel: paramiko.Channel, line: bytes) -> None:
    """Ask for a command without waiting for a yes: the answer proves it, and a frozen host cannot hold us."""
    message = Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exec")
    message.add_boolean(False)
    message.add_string(line)
    transport: Any = channel.transport  # its sending of a ready message has no public name
    transport._send_user_message(message)


def load_pins(target: Target) -> Pins:
    """The pinned host keys by kind. Raises HostError when there is none, or one cannot be read."""
    if not target.host_keys:
        problem = (
            "no host key is pinned: put the host's /etc/ssh/ssh_host_ed25519_key.pub, read on the host itself, "
            "under its host_keys; nothing was sent"
        )
        raise HostError(target.name, HostFault.WRONG_KEY, problem)
    pins: Pins = {}
    for line in target.host_keys:
        try:
            kind, encoded = line.split()[:2]
            pins[kind] = (*pins.get(kind, ()), b64decode(encoded, validate=True))
        except ValueError as error:
            problem = f'the pinned host key {line[:60]!r} is not like "ssh-ed25519 AAAA..."; nothing was sent'
            raise HostError(target.name, HostFault.REFUSED_BY_US, problem) from error
    return pins


def _fingerprint(key: bytes) -> str:
    return "SHA256:" + b64encode(sha256(key).digest()).decode().rstrip("=")
