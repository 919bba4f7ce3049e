"""The archive engine: one file per restore point that anybody can unpack; for machines where nothing is installed."""

from tasks.tools.backup.archive.engine import ArchiveEngine, Repository

__all__ = ["ArchiveEngine", "Repository"]
