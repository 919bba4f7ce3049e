"""One module for each form in which senders speak; each has `parse`, and its samples in tests/desk/ingest/samples."""
