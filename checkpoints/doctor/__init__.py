"""Is everything there that a run and a backfill need? Looked at without running anything.

A file per area: each yields findings, and ``examining`` puts them together. To look at something
more, write a function that yields ``Finding``s and name it there.
"""
