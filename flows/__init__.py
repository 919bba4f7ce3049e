"""The procedures: what is done, in order."""
