"""What was called, when, and what became of it."""
