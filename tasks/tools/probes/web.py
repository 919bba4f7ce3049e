"""Whether a web address answers as it should."""

import ssl
import time
from functools import cache

import httpx

from models.rules.probes import Measure, Observed, in_unit
from models.site.probes import HttpProbe
from models.vocabulary import ProbeVerdict

MOST_BYTES = 1024 * 1024
"""Of the answer, to look for a text in."""
HEADERS = {"user-agent": "watchbill-probe", "accept-encoding": "identity", "cache-control": "no-cache"}


def read_http(probe: HttpProbe, seconds: float) -> Observed:
    """One request, its answer read to its end or to 1 MiB. What keeps it from being answered is critical."""
    began = time.monotonic()
    try:
        response, body = _answer(probe, began + seconds)
    except httpx.TimeoutException:
        return _critical(f"no answer within {seconds:g} s")
    except httpx.TooManyRedirects:
        return _critical(f"is redirected more than {probe.redirects} times")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return _critical(_words(error))
    took = Measure("time", time.monotonic() - began, "s")
    text = f"{response.status_code} {response.reason_phrase}".rstrip() + f" in {in_unit(took.value, 's')}"
    if response.status_code not in probe.status:
        allowed = ", ".join(map(str, probe.status))
        return Observed(f"{text}, not {allowed}", (took,), ProbeVerdict.CRITICAL)
    if probe.contains is not None and probe.contains.encode() not in body:
        return Observed(f"{text}, without the text {probe.contains[:60]!r}", (took,), ProbeVerdict.CRITICAL)
    return Observed(text, (took,))


def _answer(probe: HttpProbe, until: float) -> tuple[httpx.Response, bytes]:
    """The last answer and the beginning of its body. Raises httpx.HTTPError."""
    left = max(0.001, until - time.monotonic())
    # What the environment says of proxies is meant for people who browse.
    client = httpx.Client(
        verify=_trust(verify=probe.verify),
        follow_redirects=probe.redirects > 0,
        max_redirects=probe.redirects or 1,
        timeout=left,
        trust_env=False,
    )
    body = bytearray()
    with client, client.stream("GET", probe.url, headers=HEADERS) as response:
        for piece in response.iter_bytes():
            body += piece
            if len(body) >= MOST_BYTES:
                break
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer trickles")
    return response, bytes(body)


@cache
def _trust(*, verify: bool) -> ssl.SSLContext:
    """Made once: to read the machine's authorities takes longer than most answers."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _words(error: Exception) -> str:
    return f"cannot be reached: {str(error) or type(error).__name__}"


def _critical(text: str) -> Observed:
    return Observed(text, verdict=ProbeVerdict.CRITICAL)
