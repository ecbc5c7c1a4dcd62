"""A file per kind of call, and what all of them share."""
