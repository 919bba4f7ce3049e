"""The process that unpacks one archive from its standard input, behind walls. Started by `sandbox.unpack`."""

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from backports import zstd

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.confinement import enter, from_words, report
from tasks.tools.backup.extraction import extract_tar
from tasks.tools.backup.shapes import Advance, Limits

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
PIECE = 1 << 18
LARGEST_WINDOW = 27
"""128 MiB, what `zstd -d` allows: no archive can ask for more memory."""


def main() -> None:
    """`python -m tasks.tools.backup.extract PARENT CONFINEMENT STATUS LIMITS`, the archive on standard input."""
    parent, words, status, limits = sys.argv[1:]
    allowed = Limits(**json.loads(limits))
    _load()
    try:
        report(int(status), enter(from_words(words), int(parent)))
        found = extract_tar(_plain(io.BufferedReader(io.FileIO(0), PIECE)), Path(), allowed, _progress)
        _say(asdict(found))
    except BackupError as error:
        said = str(error).removeprefix(f"{error.what}: {error.fault.value}: ")
        _say({"what": error.what, "fault": error.fault.value, "message": said})
        sys.exit(1)
    except (zstd.ZstdError, EOFError) as error:
        message = f"it cannot be decompressed ({error}); restore another point"
        _say({"what": "the archive", "fault": BackupFault.DAMAGED.value, "message": message})
        sys.exit(1)


def _load() -> None:
    """Use once what Python loads when it is first used: behind the walls there are no modules to load."""
    zstd.decompress(zstd.compress("é".encode("utf-8", "backslashreplace")))


def _plain(source: "io.BufferedReader[io.FileIO]") -> Callable[[int], bytes]:
    """Reads the tar, unpacked where it is compressed."""
    if not source.peek(4).startswith(ZSTD_MAGIC):
        return source.read
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: LARGEST_WINDOW}
    return zstd.ZstdFile(source, options=options).read


def _progress(advance: Advance) -> None:
    _say({"bytes": advance.bytes, "files": advance.files})


def _say(words: dict[str, object]) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    main()
