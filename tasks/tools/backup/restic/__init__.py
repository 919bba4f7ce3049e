"""The restic engine: recommended where restic is installed. What each version can do is found by its number."""

from tasks.tools.backup.restic.engine import ResticEngine
from tasks.tools.backup.restic.location import Repository
from tasks.tools.backup.restic.program import OLDEST, Program, find_program

__all__ = ["OLDEST", "Program", "Repository", "ResticEngine", "find_program"]
