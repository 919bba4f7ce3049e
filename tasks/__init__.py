"""The hands: every touch of the outside world, each a Prefect task that writes its own task_log row."""
