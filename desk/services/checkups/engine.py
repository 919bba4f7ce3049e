"""Prefect, and the hosts."""

from collections.abc import Iterator

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.engine import lazily, pool_state, prefect_answers, prefect_url
from desk.services.small_words import several
from models import clock
from models.errors import WatchbillError
from models.settings import WARM, Settings
from models.site.services import Connection, Host
from models.vocabulary import HostFault


def look(settings: Settings) -> Iterator[Finding]:
    """Whether Prefect answers, and a worker of the work pool is there."""
    url = prefect_url(settings)
    if url is None:
        yield warn("prefect server", "no server was started from this home yet", "`watchbill up` starts one")
    elif prefect_answers(settings):
        yield well("prefect server", f"answers at {url}")
        yield _work_pool(settings)
    else:
        yield fail("prefect server", f"does not answer at {url}", "`watchbill up` starts it; its log is in the home")


def _work_pool(settings: Settings) -> Finding:
    """Whether somebody takes the runs that are asked for."""
    what, name = "work pool", settings.work_pool
    try:
        found = pool_state(settings, clock.now())
    except WatchbillError as error:
        return fail(what, str(error), "see that PREFECT_API_AUTH_STRING is the server's, and what its log says")
    if found.type is None:
        return warn(what, f"Prefect has no {name} yet", "`watchbill up` or `watchbill relay` makes it")
    if found.type != settings.work_pool_type:
        text = f"{name} is of type {found.type}, and the setting says {settings.work_pool_type}"
        return fail(what, text, f"set WATCHBILL_WORK_POOL_TYPE={found.type}, or choose another pool")
    if found.is_paused:
        return fail(what, f"{name} is paused in Prefect: no run starts", f"`prefect work-pool resume {name}`")
    if not found.online:
        others = "" if settings.work_pool_type == WARM else f", or `prefect worker start --pool {name}`"
        return fail(what, f"{name} has no worker online: runs wait", f"`watchbill worker`{others}")
    return well(what, f"{name} ({found.type}), {several(len(found.online), 'worker')} online")


def look_at_hosts(settings: Settings) -> Iterator[Finding]:
    """Whether each host of the site can be reached and used; nothing is started on it."""
    try:
        probe = lazily("deployments.engine.probe", "probe_hosts")
        found = probe(settings)
    except WatchbillError as error:
        yield warn("hosts", f"could not be probed: {error}", "`watchbill job run` on one host tells more")
        return
    for host, fault in found:
        yield _host(host, fault)


def _host(host: Host, fault: HostFault | None) -> Finding:
    what, is_local = f"host {host.name}", host.connection is Connection.LOCAL
    if fault is None:
        return well(what, "this machine, without SSH: commands can run" if is_local else "reached, key as pinned")
    if is_local:
        return fail(what, str(fault), f"see that this user may write {host.run_directory} and run a POSIX sh")
    return fail(what, str(fault), f"`ssh` to {host.name} by hand, as the user and with the key of the site")
