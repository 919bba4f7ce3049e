"""A lab: real SSH hosts on this machine, for the demo, the drills and the benches."""

from deployments.lab.hosts import Lab, LabHost

__all__ = ["Lab", "LabHost"]
