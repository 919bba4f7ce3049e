"""Prefect's settings for a part of this process, where its environment came too late: it is read at import."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import prefect.settings
from prefect.settings import temporary_settings


@contextlib.contextmanager
def talking_to(environment: Mapping[str, str], **more: Any) -> Iterator[None]:
    """Inside, Prefect behaves as if it had been imported with this environment; `more` is by setting's name."""
    known = {name: getattr(prefect.settings, name, None) for name in {**environment, **more}}
    values = {**environment, **more}
    with temporary_settings({setting: values[name] for name, setting in known.items() if setting is not None}):
        yield
