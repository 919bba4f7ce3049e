"""Plain adapters to the outside, without Prefect."""
