"""A process puts walls around itself, as many as this kernel and this user allow, and says which.

    user        another, unprivileged user (started as root), or a user namespace in which nobody else exists
    files       a mount namespace in which everything is read-only except one folder
    root        nothing but that folder can be named (where no program has to be started in it)
    processes   a process namespace: nothing outside can be seen, and all ends with its first process
    network     no interface, so no network
    limits      size of a file, memory, processor time, open files, no core

What is missing is said, never hidden: a restore still stays inside its folder, because the unpacking never follows a
link, but a wall fewer stands behind it.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tasks.tools.backup import kernel

NOBODY = 65534
WALLS = ("user", "files", "root", "processes", "network", "limits")
SHARED_MEMORY = "size=512m,mode=1777"
CANNOT_RUN = 126


@dataclass(frozen=True)
class Confinement:
    """What a process may still do."""

    folder: str
    """The one folder that it may write to."""
    has_network: bool = False
    same_user: bool = False
    """Stay root when started as root: only for a tool of ours that must read what nobody else may."""
    only_folder: bool = False
    """Nothing but the folder can be named; no program can be started."""
    hidden: tuple[str, ...] = ()
    """Folders that look empty: where keys are kept."""
    memory_bytes: int | None = None
    file_bytes: int | None = None
    processor_seconds: int | None = None


def enter(wanted: Confinement, parent: int) -> tuple[str, ...]:
    """Put the walls up around this process, which must have one thread; gives those that stand.

    Goes on in a child: the caller waits for it and passes its end on. Raises OSError when the folder cannot be used.
    """
    walls = ["limits"]
    folder = os.open(wanted.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.fchdir(folder)
    _limit(wanted)
    is_root = os.geteuid() == 0
    user, group = (NOBODY, NOBODY) if is_root and not wanted.same_user else (os.geteuid(), os.getegid())
    if user != os.geteuid():
        os.fchown(folder, user, group)
    flags = kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWUTS
    flags |= 0 if wanted.has_network else kernel.NEWNET
    is_apart = _apart(flags, is_root, user, group)
    if is_apart:
        walls += ["processes"] + ([] if wanted.has_network else ["network"])
        _go_on_as_first_process(parent)
        parent = 0
        if kernel.is_done(lambda: _read_only_but(wanted)):
            walls.append("files")
    if wanted.only_folder and kernel.is_done(lambda: os.chroot(wanted.folder)):
        os.chdir("/")
        walls.append("root")
    if _become(user, group) or (is_apart and not is_root):
        walls.append("user")
    kernel.no_new_privileges()
    if user != 0 or is_apart:
        kernel.is_done(kernel.drop_capabilities)
    kernel.die_with_parent(parent or os.getppid())
    return tuple(wall for wall in WALLS if wall in walls)


def _apart(flags: int, is_root: bool, user: int, group: int) -> bool:
    """Leave the namespaces we share with others. What cannot be done whole is not begun: a child tries it first."""

    def leave() -> None:
        kernel.unshare(flags if is_root else flags | kernel.NEWUSER)
        if not is_root:
            kernel.map_only(user, group)

    if not kernel.has_namespaces() or not _works_in_child(leave):
        return False
    leave()
    return True


def _works_in_child(act: Callable[[], None]) -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0 if kernel.is_done(act) else 1)
    return os.waitpid(child, 0)[1] == 0


def _become(user: int, group: int) -> bool:
    """Be another user, for good; False when we are that one already, or may not."""
    if os.geteuid() != 0 or user == 0:
        return False
    if not kernel.is_done(lambda: os.setgroups([])):
        return False
    return kernel.is_done(lambda: os.setresgid(group, group, group)) and kernel.is_done(
        lambda: os.setresuid(user, user, user)
    )


def _read_only_but(wanted: Confinement) -> None:
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount(wanted.folder, wanted.folder, "", kernel.MS_BIND | kernel.MS_REC)
    for hidden in wanted.hidden:
        _hide(hidden)
    kernel.set_mount("/", kernel.MOUNT_READ_ONLY | kernel.MOUNT_NOSUID)
    os.chdir(wanted.folder)  # into the mount that lies over the folder we were in
    kernel.set_mount(wanted.folder, kernel.MOUNT_NOSUID | kernel.MOUNT_NODEV, kernel.MOUNT_READ_ONLY)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.is_done(lambda: kernel.mount("none", "/dev/shm", "tmpfs", flags | kernel.MS_NOEXEC, SHARED_MEMORY))  # noqa: S108  # our own, new one
    kernel.is_done(lambda: kernel.mount("proc", "/proc", "proc", flags | kernel.MS_NOEXEC))


def _hide(folder: str) -> None:
    """Lay an empty folder over it; one that is not there, or closed to us, needs none."""
    kernel.is_done(
        lambda: kernel.mount("none", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=4k,mode=755")
    )


def _limit(wanted: Confinement) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: wanted.memory_bytes,
        resource.RLIMIT_FSIZE: wanted.file_bytes,
        resource.RLIMIT_CPU: wanted.processor_seconds,
    }
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        if most is not None:
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (allowed, allowed))


def _go_on_as_first_process(parent: int) -> None:
    """Return in a child that is the second process of the new namespace; the first one only waits for it."""
    _return_in_child(parent)
    _return_in_child(0)


def _return_in_child(parent: int) -> None:
    ours = os.getpid()
    child = os.fork()
    if child == 0:
        kernel.die_with_parent(ours)
        return
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the child gets them too, and we pass its end on
    if parent:
        kernel.die_with_parent(parent)
    status = 0
    while True:
        ended, status = os.wait()
        if ended == child:
            break
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def as_words(wanted: Confinement) -> str:
    """For the command line of the process that is to be confined."""
    return json.dumps(asdict(wanted))


def from_words(words: str) -> Confinement:
    """The other way round."""
    found = json.loads(words)
    return Confinement(**{**found, "hidden": tuple(found["hidden"])})


def report(status: int, walls: tuple[str, ...]) -> None:
    """Tell the process that waits which walls stand: one line."""
    os.write(status, f"{' '.join(walls)}\n".encode())
    os.close(status)


def main() -> None:
    """`python -m tasks.tools.backup.confinement PARENT CONFINEMENT STATUS COMMAND...`: the walls, then the command."""
    parent, words, status, *command = sys.argv[1:]
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and a program would inherit that
    try:
        walls = enter(from_words(words), int(parent))
        report(int(status), walls)
        os.execvp(command[0], command)  # noqa: S606  # without a shell is what we want
    except OSError as error:
        os.write(2, f"{command[0]}: {error}\n".encode())
    os._exit(CANNOT_RUN)


if __name__ == "__main__":
    main()
