"""Ask every host of a site whether it lets us in: `watchbill doctor --hosts`."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.secrets import SecretMissing, SecretStore
from models.settings import Settings
from models.site.loading import load_site
from models.site.services import Host
from models.site.site import Site
from models.vocabulary import HostFault
from tasks.tools.ssh import HostPool, Target

THREADS = 32


def probe_hosts(settings: Settings) -> list[tuple[Host, HostFault | None]]:
    """(host, what is wrong with reaching it, or None), in the site's order. Raises SiteError for a wrong site."""
    site = load_site(settings.site)
    store = SecretStore(settings.secrets_folder)
    with HostPool() as pool, ThreadPoolExecutor(max_workers=THREADS) as threads:

        def probe(name: str) -> HostFault | None:
            try:
                return pool.probe(target(site, name, store))
            except SecretMissing:
                return HostFault.REFUSED_BY_US

        return list(zip(site.hosts.values(), threads.map(probe, site.hosts), strict=True))


def target(site: Site, name: str, store: SecretStore) -> Target:
    """A host of the site as the SSH tool needs it. Raises SecretMissing when its key is a secret that is not there."""
    host: Host = site.hosts[name]
    return Target(
        name=name,
        address=host.address or "127.0.0.1",
        port=host.port,
        user=host.user,
        key_file=_key(site.folder, host, store),
        host_keys=host.host_keys,
        jump=target(site, host.jump, store) if host.jump else None,
        run_directory=host.run_directory,
        connection=host.connection.value,
        transport=host.transport.value,
        slots=host.slots,
    )


def _key(folder: Path, host: Host, store: SecretStore) -> Path | None:
    if host.key is None:
        return None
    return store.path(host.key) if host.key.startswith("secret://") else folder / host.key
