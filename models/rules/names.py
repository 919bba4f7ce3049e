"""What things are called: jobs, hosts, calendars, events."""

NAME_PATTERN = r"[a-z][a-z0-9-]{0,62}"
NAME_LENGTH = 63
NAME_WORDS = "must be a name: small letters, digits and hyphens, starting with a letter, at most 63"
