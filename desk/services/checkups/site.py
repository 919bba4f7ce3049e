"""The site's files: valid, registered, with their keys and secrets where a worker looks, and closed to others."""

import os
from collections.abc import Iterator
from pathlib import Path

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.opening import is_there, opened
from desk.services.small_words import several
from models.errors import SiteError, WatchbillError
from models.queries import register
from models.settings import Settings
from models.site.loading import load_site
from models.site.services import Connection
from models.site.site import Site

REFERENCE = "secret://"


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about the site folder of these settings."""
    folder = settings.site
    if not folder.is_dir():
        yield warn("site", f"{folder} is no folder", "say --site or WATCHBILL_SITE; `watchbill init DIR` makes one")
        return
    try:
        site = load_site(folder)
    except SiteError as error:
        yield fail("site", f"{folder}: {several(len(error.places), 'fault')}", f"`watchbill check {folder}`")
        return
    yield well("site", f"{folder}: {several(len(site.jobs), 'job')}, {several(len(site.hosts), 'host')}")
    yield from _drift(settings, site)
    yield _keys(site)
    yield _pinned(site)
    yield from _secrets(settings, site)
    yield _mail(site)


def _drift(settings: Settings, site: Site) -> Iterator[Finding]:
    """Whether what is registered is what the files say."""
    if not is_there(settings):
        return
    try:
        with opened(settings) as database, database.read() as session:
            changes = register.compare(session, site.entries())
    except WatchbillError:
        return  # the look at the database says it
    number = len(changes.added) + len(changes.changed) + len(changes.removed)
    if number:
        text = "1 entry differs from the register" if number == 1 else f"{number} entries differ from the register"
        yield warn("drift", text, "`watchbill plan`, then `watchbill up`")
    else:
        yield well("drift", "the register says what the files say")


def _keys(site: Site) -> Finding:
    wanted = {host.key for host in site.hosts.values() if host.key and not host.key.startswith(REFERENCE)}
    missing = sorted(key for key in wanted if not (site.folder / key).is_file())
    loose = sorted(key for key in wanted - set(missing) if is_open_to_others(site.folder / key))
    if missing:
        return fail(
            "keys", f"missing in {site.folder}: {', '.join(missing[:5])}", "put the private keys there, mode 600"
        )
    if loose:
        return fail("keys", f"can be read by others: {', '.join(loose[:5])}", f"chmod 600 {site.folder / loose[0]}")
    return well("keys", f"{several(len(wanted), 'key file')}, closed to others" if wanted else "none in use")


def _pinned(site: Site) -> Finding:
    remote = [host for host in site.hosts.values() if host.connection is Connection.SSH]
    without = sorted(host.name for host in remote if not host.host_keys)
    if without:
        names = ", ".join(without[:5])
        return warn(
            "host keys", f"none pinned for {names}", "add host_keys, as `ssh-keyscan` shows and the owner confirms"
        )
    return well("host keys", f"pinned for {several(len(remote), 'host')}")


def _secrets(settings: Settings, site: Site) -> Iterator[Finding]:
    folder = settings.secrets_folder
    folders = [folder, *([Path(given)] if (given := os.environ.get("CREDENTIALS_DIRECTORY")) else [])]
    wanted = sorted(_references(site))
    missing = [name for name in wanted if not any((place / name).is_file() for place in folders)]
    if missing:
        yield fail("secrets", f"missing: {', '.join(missing[:5])}", f"put each value into {folder}/NAME, mode 600")
    kept = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    loose = [path.name for path in kept if is_open_to_others(path)]
    if loose:
        yield fail("secrets", f"can be read by others: {', '.join(loose[:5])}", f"chmod 600 {folder}/*")
    if not missing and not loose:
        yield well("secrets", f"{several(len(wanted), 'secret')} in use, all there" if wanted else "none in use")


def _references(site: Site) -> set[str]:
    used = {reference for job in site.jobs.values() for reference in job.secrets.values()}
    used |= {wish.to for job in site.jobs.values() for wish in job.notify}
    used |= {host.key for host in site.hosts.values() if host.key}
    return {text.removeprefix(REFERENCE) for text in used if text.startswith(REFERENCE)}


def is_open_to_others(path: Path) -> bool:
    """Whether somebody else on this machine may read the file."""
    return bool(path.stat().st_mode & 0o077)


def _mail(site: Site) -> Finding:
    telling = [job for job in site.jobs.values() if job.notify]
    if not telling:
        return warn("notices", "no job tells anybody when it fails", "add `notify` to defaults in site.yaml")
    return well("notices", f"{several(len(telling), 'job')} tell somebody")
