"""A miniature pipeline: an embedded warehouse with the incident in it, and processor services."""
