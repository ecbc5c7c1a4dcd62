"""Engines, the evidence query, and reading."""
