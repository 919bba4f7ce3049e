"""A new site folder, commented and valid as it is."""

import json
import re
import shutil
from pathlib import Path as FilePath

from pydantic import ValidationError

from models.errors import Refused
from models.settings import CHECKOUT
from models.site.documents import SITE_FILE
from models.site.messages import message
from models.site.schema import write_schemas
from models.site.site_file import SiteSettings

STARTER = CHECKOUT / "deployments" / "sites" / "starter"
RENAMED = {"gitignore": ".gitignore"}
"""Files that must not act inside the checkout."""


def write_starter(folder: FilePath, title: str, timezone: str) -> list[FilePath]:
    """Writes a new site and returns its files. Raises Refused when the folder is not empty, or the zone is none."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not empty: choose a new folder, or edit the site that is there")
    values = {"name": site_name(folder.resolve().name), "title": title.strip(), "timezone": timezone}
    try:
        SiteSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Refused(f"{first['loc'][0]}: {message(first, SiteSettings)}") from None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(STARTER, folder, dirs_exist_ok=True)
    for shipped, wanted in RENAMED.items():
        (folder / shipped).rename(folder / wanted)
    site = folder / SITE_FILE
    site.write_text(_with_values(site.read_text(encoding="utf-8"), values), encoding="utf-8")
    write_schemas(folder)
    return sorted(file for file in folder.rglob("*") if file.is_file())


def site_name(folder: str) -> str:
    """A name for a site that lies in a folder of this name."""
    letters = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", letters)[:63] or "ops"


def _with_values(text: str, values: dict[str, str]) -> str:
    """The text with the values of its top-level keys replaced; a JSON string is a YAML string."""
    for key, value in values.items():
        line = f"{key}: {json.dumps(value, ensure_ascii=False)}"
        text = re.sub(rf"(?m)^{key}: .*$", line.replace("\\", r"\\"), text, count=1)
    return text
