"""The owned remote command: it runs in a directory of its own on the host, which ends it at its deadline and
keeps its exit code, so that a controller may die and another one collect (DESIGN law 10)."""

from tasks.tools.capture import Kept
from tasks.tools.ssh.calls import Reader
from tasks.tools.ssh.pool import HostPool
from tasks.tools.ssh.shapes import CommandResult, KillProof, OwnedCommand, Target
from tasks.tools.ssh.streams import CommandFailed, Ending, Stream, StreamLost

__all__ = [
    "CommandFailed",
    "CommandResult",
    "Ending",
    "HostPool",
    "Kept",
    "KillProof",
    "OwnedCommand",
    "Reader",
    "Stream",
    "StreamLost",
    "Target",
]
