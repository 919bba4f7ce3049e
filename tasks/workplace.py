"""What a worker process has at hand: settings, the shared database, and its own name."""

import atexit
import os
import socket
from functools import cache

from models.database import Database
from models.settings import Settings
from tasks.tools.ssh import HostPool


@cache
def _settings(_process: int) -> Settings:
    return Settings()


@cache
def _database(process: int) -> Database:
    return Database(_settings(process).url())


def settings() -> Settings:
    """This process's settings; a forked run reads them anew."""
    return _settings(os.getpid())


def database() -> Database:
    """The shared database; a forked run opens its own connections."""
    return _database(os.getpid())


@cache
def _host_pool(_process: int) -> HostPool:
    pool = HostPool()
    atexit.register(pool.close)
    return pool


def host_pool() -> HostPool:
    """The connections of this process, kept from wave to wave."""
    return _host_pool(os.getpid())


def worker_name() -> str:
    """host:pid, as leases and logs name this process."""
    return f"{socket.gethostname()}:{os.getpid()}"
