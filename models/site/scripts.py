"""Scripts of jobs: files in the site folder, whose text is registered with the job."""

from pathlib import Path as FilePath

from models.errors import Place
from models.site.documents import SourceEntry
from models.site.messages import did_you_mean
from models.site.reading import LARGEST_FILE_BYTES
from models.site.validation import Raw


def fill_script(folder: FilePath, entry: SourceEntry, raw: Raw) -> list[Place]:
    """Puts the text of the script file beside its path, so that a run does what was registered."""
    path = raw.get("script")
    if not isinstance(path, str):
        return []
    try:
        raw["script_text"] = script_text(folder, path)
    except ValueError as error:
        raw["script"] = "unreadable"  # so that it is not missed as well
        return [entry.place(("script",), str(error))]
    return []


def script_text(folder: FilePath, path: str) -> str:
    """The text of a script file. Raises ValueError when it may not be read, or cannot be."""
    file = folder / path
    if FilePath(path).is_absolute() or not file.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f'"{path}" lies outside the site folder; scripts stand inside it, like scripts/tidy.sh')
    if not file.is_file():
        near = did_you_mean(path, [str(one.relative_to(folder)) for one in sorted(file.parent.glob("*"))])
        raise ValueError(f'there is no file "{path}" in the site folder{near}')
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise ValueError(f'"{path}" is larger than 1 MiB, the most a script may have')
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        raise ValueError(f'"{path}" is not UTF-8 text') from None
    if "\0" in text:
        raise ValueError(f'"{path}" has a NUL character, so it is no script')
    if "\r\n" in text:
        raise ValueError(f'"{path}" has Windows line ends, which a shell takes as part of each word')
    if not text.startswith("#!"):
        raise ValueError(f'"{path}" must begin with its interpreter, like #!/bin/sh')
    return text
