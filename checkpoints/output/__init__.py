"""A file per format in which a run is told."""
