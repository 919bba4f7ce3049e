"""Backup engines, what they read, and what they are asked: plain adapters without Prefect."""
