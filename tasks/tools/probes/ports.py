"""Whether a port is open and says what it should, and how long a server's certificate is valid yet."""

import ipaddress
import re
import socket
import ssl
import time
from datetime import datetime

from cryptography import x509

from models.rules.probes import Measure, Observed, in_unit
from models.site.probes import TcpProbe, TlsProbe
from models.vocabulary import ProbeVerdict
from tasks.tools.capture import plain

MOST_BANNER_BYTES = 4096
SECONDS_A_DAY = 86_400
SHOWN_BANNER = 60
UNREACHABLE = (OSError, UnicodeError)
"""SSLError is an OSError; a name that cannot be one in DNS is the other."""


def read_tcp(probe: TcpProbe, seconds: float) -> Observed:
    """One connection, and what the server says first. What keeps it from being made is critical."""
    began = time.monotonic()
    banner = b""
    try:
        with socket.create_connection((probe.address, probe.port), timeout=seconds) as line:
            if probe.banner is not None:
                banner = _until_match(line, probe.banner, began + seconds)
    except UNREACHABLE as error:
        return Observed(f"port {probe.port} {_words(error, seconds)}", verdict=ProbeVerdict.CRITICAL)
    took = Measure("time", time.monotonic() - began, "s")
    text = f"port {probe.port} is open, {in_unit(took.value, 's')}"
    said = plain(banner.strip())[:SHOWN_BANNER]
    if probe.banner is not None and not _matches(probe.banner, banner):
        return Observed(f"{text}, but it says {said!r}", (took,), ProbeVerdict.CRITICAL)
    return Observed(f"{text}, and says {said!r}" if said else text, (took,))


def _until_match(line: socket.socket, pattern: str, until: float) -> bytes:
    """What the server says until it is what is waited for, it ends, or the time is over."""
    said = b""
    while not _matches(pattern, said) and len(said) < MOST_BANNER_BYTES and (left := until - time.monotonic()) > 0:
        line.settimeout(left)
        try:
            piece = line.recv(MOST_BANNER_BYTES)
        except TimeoutError:
            break
        if not piece:
            break
        said += piece
    return said


def _matches(pattern: str, said: bytes) -> bool:
    return re.search(pattern, said.decode("utf-8", "replace")) is not None


def read_tls(probe: TlsProbe, seconds: float, now: datetime) -> Observed:
    """The certificate that a server shows. Whether its issuer is trusted is not asked: `http` with verify does."""
    name = probe.server_name or probe.address
    try:
        certificate = _certificate(probe, name, seconds)
    except UNREACHABLE as error:
        return Observed(f"port {probe.port} {_words(error, seconds)}", verdict=ProbeVerdict.CRITICAL)
    except ValueError as error:
        return Observed(f"the certificate cannot be read: {error}", verdict=ProbeVerdict.CRITICAL)
    until = certificate.not_valid_after_utc
    left = Measure("left", (until - now).total_seconds() / SECONDS_A_DAY, "d")
    text = f"valid until {until:%Y-%m-%d}, {in_unit(left.value, 'd')}"
    if left.value < 0:
        return Observed(f"expired on {until:%Y-%m-%d}", (left,), ProbeVerdict.CRITICAL)
    if certificate.not_valid_before_utc > now:
        since = f"{certificate.not_valid_before_utc:%Y-%m-%d}"
        return Observed(f"is not valid before {since}", (left,), ProbeVerdict.CRITICAL)
    names = _names(certificate)
    if not any(is_for(name, one) for one in names):
        shown = ", ".join(names[:5]) or "no name"
        return Observed(f"{text}, but it is for {shown} and not for {name}", (left,), ProbeVerdict.CRITICAL)
    return Observed(text, (left,))


def _certificate(probe: TlsProbe, name: str, seconds: float) -> x509.Certificate:
    """What the server shows, whoever signed it. Raises OSError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # One that has expired or is for somebody else must be read to say so.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    began = time.monotonic()
    with socket.create_connection((probe.address, probe.port), timeout=seconds) as line:
        line.settimeout(max(0.001, seconds - (time.monotonic() - began)))
        with context.wrap_socket(line, server_hostname=name) as wrapped:
            shown = wrapped.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown or b"")


def _names(certificate: x509.Certificate) -> list[str]:
    """The names that it is for; its common name counts for nothing, as browsers have it."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def is_for(name: str, shown: str) -> bool:
    """Whether a certificate's name covers a server's (RFC 6125): a star stands for one whole first label."""
    address = _address(name)
    if address is not None:
        return address == _address(shown)
    wanted, covers = name.lower().rstrip("."), shown.lower().rstrip(".")
    if covers.startswith("*."):
        first, _, rest = wanted.partition(".")
        return bool(first) and rest == covers[2:] and "." in rest
    return wanted == covers


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _words(error: OSError | UnicodeError, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"gave no answer within {seconds:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "refuses connections"
    return f"cannot be reached: {getattr(error, 'strerror', None) or error}"
