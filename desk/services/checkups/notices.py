"""Whether people can be told: receivers and their secrets, and what could not be told lately."""

from collections.abc import Iterator
from datetime import timedelta

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.opening import is_there, opened
from desk.services.small_words import several
from models import clock
from models.errors import SiteError, WatchbillError
from models.queries import notice_box
from models.records import Notice
from models.secrets import SecretMissing, SecretStore
from models.settings import Settings
from models.site.loading import load_site
from models.site.site import Site

LATELY = timedelta(days=1)
LIST = "`watchbill notice list --failed` says whom and why"


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about telling people that can be seen without sending anything."""
    if settings.site.is_dir():
        try:
            yield _receivers(settings, load_site(settings.site))
        except SiteError:
            return  # the look at the site says it
    if is_there(settings):
        try:
            with opened(settings) as database, database.read() as session:
                since = clock.now() - LATELY
                yield _told(notice_box.failed_since(session, since), notice_box.put_off(session))
        except WatchbillError:
            return  # the look at the database says it


def _receivers(settings: Settings, site: Site) -> Finding:
    if not site.receivers:
        return warn(
            "receivers", "nobody hears of incidents", "name `receivers` in notices.yaml (docs/how-to/notices.md)"
        )
    store = SecretStore(settings.secrets_folder)
    used = {place.chat for receiver in site.receivers.values() for place in receiver.tell}
    used |= {server.password for server in site.mail.values()}
    for reference in sorted(filter(None, used)):
        try:
            store.path(reference)
        except SecretMissing as error:
            return fail("receivers", str(error), "then `watchbill notice test RECEIVER`")
    return well("receivers", f"{several(len(site.receivers), 'receiver')}, their secrets are there")


def _told(failed: list[Notice], waiting: list[Notice]) -> Finding:
    if failed:
        text = f"{several(len(failed), 'notice')} of the last day failed, the last: {failed[0].error}"
        return fail("told", text, LIST)
    if waiting:
        text = f"{several(len(waiting), 'notice')} could not be sent yet: {waiting[0].error}"
        return warn("told", text, "mend what it says; each is tried again by itself")
    return well("told", "nobody waits for a notice")
