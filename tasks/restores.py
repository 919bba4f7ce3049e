"""Restore a point into a folder, for a person."""

from pathlib import Path

from models.errors import BackupError
from models.queries.runs import ClaimedRun
from models.rules.manifests import compare
from models.rules.restore_points import short_key
from models.site.backups import BackupPlan
from models.site.jobs import LOCAL
from models.vocabulary import BackupFault
from tasks.drills import ChosenPoint, choose_point, limits_of
from tasks.ledger import task
from tasks.manifests import settle_manifest
from tasks.places import plan_of
from tasks.progress import progress_of
from tasks.repositories import engine_of
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.walking import remove_tree


def restore_for_person(run: ClaimedRun) -> None:
    """Choose the point, restore it into the folder that the person named, and compare it there."""
    point = choose_point(run)
    restore_into(run, point, checked_folder(plan_of(run), run.plan.parameters["to"]))


def checked_folder(plan: BackupPlan, words: str) -> Path:
    """The folder to restore into. Raises BackupError when something is in it, or it is where the source lies.

    A restore onto the original place destroys what is there: it needs a second person, and that approval is not
    built yet.
    """
    folder = Path(words)
    originals = [Path(path) for path in (*plan.source.paths, *([plan.source.sqlite] if plan.source.sqlite else []))]
    if plan.source.on == LOCAL:
        there = folder.resolve()
        for original in (path.resolve() for path in originals):
            if there == original or original in there.parents or there in original.parents:
                message = "it is the original place, which needs a second person's approval; choose another folder"
                raise BackupError(words, BackupFault.REFUSED_BY_US, message)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(words, BackupFault.REFUSED_BY_US, "it is not an empty folder; choose a new one")
    return folder


@task()
def restore_into(run: ClaimedRun, point: ChosenPoint, folder: Path) -> int:
    """Restore a point beside the folder, compare it, and only then give it its name. Gives the number of files."""
    plan = plan_of(run)
    settle_manifest(run, point.key, point.manifest, point.manifest_sha256)
    folder.parent.mkdir(parents=True, exist_ok=True)
    incoming = folder.parent / f".{folder.name}.{run.number}"
    if incoming.exists():  # of an attempt of this run that died
        remove_tree(incoming)
    incoming.mkdir(mode=0o700)
    try:
        engine = engine_of(run, plan.to)
        restored = engine.restore(point.key, incoming, limits_of(plan.drill), progress_of(run))
        _compare(plan, point, incoming)
        if folder.exists():
            folder.rmdir()
        incoming.rename(folder)
    except BaseException:
        remove_tree(incoming)
        raise
    return restored.files


def _compare(plan: BackupPlan, point: ChosenPoint, copy: Path) -> None:
    found = next(compare(read_manifest(point.manifest), manifest_of_restored(copy)), None)
    if found is not None:
        message = f"point {short_key(point.key)}: {found.path}: {found.difference.value}; the folder was not made"
        raise BackupError(plan.name, BackupFault.DIFFERS, message)
