"""One look at everything that must be right for a night to go well."""

from collections.abc import Callable, Iterator

from desk.services.checkups import engine, events, ledger, machine, notices, site
from desk.services.checkups.finding import Finding, State, fail
from models.settings import Settings

__all__ = ["Finding", "State", "examine"]

LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    machine.look,
    ledger.look,
    engine.look,
    events.look,
    site.look,
    notices.look,
)


def examine(settings: Settings, *, hosts: bool) -> Iterator[Finding]:
    """Each finding as it is made. A look that breaks is a finding too: the doctor never dies of the illness."""
    for look in (*LOOKS, *((engine.look_at_hosts,) if hosts else ())):
        try:
            yield from look(settings)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the other looks are still wanted
            name = look.__module__.rsplit(".", 1)[-1]
            yield fail(name, f"could not be looked at: {type(error).__name__}: {error}", "mend that first")
