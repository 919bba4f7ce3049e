"""From what waits in the inbox to alerts, groups and incidents: the work of the part `events`."""
