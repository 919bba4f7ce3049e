"""Prefect, and the hosts."""

from collections.abc import Iterator

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.engine import lazily, prefect_answers, prefect_url
from models.errors import WatchbillError
from models.settings import Settings


def look(settings: Settings) -> Iterator[Finding]:
    """Whether Prefect answers."""
    url = prefect_url(settings)
    if url is None:
        yield warn("prefect server", "no server was started from this home yet", "`watchbill up` starts one")
    elif prefect_answers(settings):
        yield well("prefect server", f"answers at {url}")
    else:
        yield fail("prefect server", f"does not answer at {url}", "`watchbill up` starts it; its log is in the home")


def look_at_hosts(settings: Settings) -> Iterator[Finding]:
    """Whether each host of the site can be reached and used; nothing is started on it."""
    try:
        probe = lazily("deployments.engine.probe", "probe_hosts")
        found = probe(settings)
    except WatchbillError as error:
        yield warn("hosts", f"could not be probed: {error}", "`watchbill job run` on one host tells more")
        return
    for host, fault in found:
        if fault is None:
            yield well(f"host {host}", "reached, key as pinned")
        else:
            yield fail(f"host {host}", str(fault), f"`ssh` to {host} by hand, as the user and with the key of the site")
