"""Checks every layer of a pipeline against the one above it, by date and key."""

__version__ = "1.0.0"
