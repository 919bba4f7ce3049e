"""What senders say, read with care and turned into our words; nothing here touches a database or a socket."""
