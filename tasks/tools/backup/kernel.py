"""The few system calls of Linux that Python 3.11 has no name for: namespaces, mounts, capabilities, prctl."""

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MOUNT_READ_ONLY, MOUNT_NOSUID, MOUNT_NODEV = 1, 2, 4
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
AT_RECURSIVE, AT_FDCWD = 0x8000, -100
SYS_MOUNT_SETATTR = 442  # one number on every architecture; Linux 5.12
SYNC_FILE_RANGE_WRITE = 2
CAPABILITIES_VERSION = 0x20080522


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]  # ctypes reads it


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces that the flags name for new ones. Raises OSError."""
    _called(_libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """The mount call. Raises OSError."""
    _called(_libc().mount(source.encode(), os.fsencode(target), kind.encode(), flags, data.encode()), "mount")


def set_mount(path: str, turn_on: int, turn_off: int = 0) -> None:
    """Turn attributes of a mount, and of those below it, on and off. Raises OSError."""
    attributes = _MountAttributes(turn_on, turn_off, 0, 0)
    _called(
        _libc().syscall(
            SYS_MOUNT_SETATTR,
            AT_FDCWD,
            os.fsencode(path),
            AT_RECURSIVE,
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        ),
        "mount_setattr",
    )


def die_with_parent(parent: int) -> None:
    """Be killed when the parent dies; at once when it is dead already. A change of user undoes this: call it last."""
    _called(_libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() not in (parent, 0):  # 0: it is outside our namespace of processes
        os.kill(os.getpid(), signal.SIGKILL)


def no_new_privileges() -> None:
    """From now on no program gets more rights by being executed."""
    _called(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Give up every capability, those inside our own user namespace too."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    _called(_libc().capset(header, (ctypes.c_uint32 * 6)()), "capset")


def start_writing(descriptor: int) -> None:
    """Ask the kernel to begin writing a file to its disk, and do not wait; a kernel that cannot does it later."""
    nothing, all_of_it = ctypes.c_int64(0), ctypes.c_int64(0)
    _libc().sync_file_range(descriptor, nothing, all_of_it, SYNC_FILE_RANGE_WRITE)


def has_namespaces() -> bool:
    """Whether this is a kernel that may have what the rest of this module calls."""
    return platform.system() == "Linux"


def map_only(uid: int, gid: int) -> None:
    """In a new user namespace: we stay who we are, and nobody else exists. Raises OSError."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def is_done(act: Callable[[], None]) -> bool:
    """Do what may be refused here; whether it was done."""
    try:
        act()
    except OSError:
        return False
    return True


def _called(result: int, name: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
