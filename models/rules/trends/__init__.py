"""Whether figures changed, which few matter, and what comes again."""
