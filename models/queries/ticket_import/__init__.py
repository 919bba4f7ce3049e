"""Tickets of another tool, taken in in bulk: what is new is added, what has gone on goes on, all else stays."""
