"""The command line: it parses and prints; what is done, the services do."""

from desk.cli.entry import main

__all__ = ["main"]
