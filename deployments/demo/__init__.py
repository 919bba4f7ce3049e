"""One night of routine jobs and backups on this machine, with real parts, in two minutes."""
