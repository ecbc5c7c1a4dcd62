"""Turns what failed into the smallest safe set of backfill calls, and proves that they landed."""
