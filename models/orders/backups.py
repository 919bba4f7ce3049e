"""The orders of backups. What they name is read from the run's own copy of the site's entries."""

from pydantic import Field

from models.orders.run_job import RunOrder


class BackUp(RunOrder):
    """Take a restore point of one plan, and let go of those that its retention does not keep."""

    plan: str = Field(description="The backup plan.")


class CopyBackup(RunOrder):
    """Copy a plan's restore points into its second repository."""

    plan: str = Field(description="The backup plan.")


class DrillRestore(RunOrder):
    """Restore a point into a sandbox and compare it with what was taken."""

    plan: str = Field(description="The backup plan.")


class RestoreBackup(RunOrder):
    """Restore a point into a folder of this machine, for a person."""

    plan: str = Field(description="The backup plan.")


class CheckRepository(RunOrder):
    """Check a repository's structure and read the part of its data whose turn it is."""

    repository: str = Field(description="The repository.")
