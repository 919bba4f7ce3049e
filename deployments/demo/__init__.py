"""One night of routine jobs on this machine, with real parts, in two minutes."""
