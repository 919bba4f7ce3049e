"""Readings of probes: over the network from here, or on a host by one owned command for all of its probes."""
