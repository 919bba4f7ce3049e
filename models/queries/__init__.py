"""Named reads, and the few named writes. Nobody commits here: the block that opened the transaction does."""
