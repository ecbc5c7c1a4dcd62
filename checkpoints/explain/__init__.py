"""What is wrong at the root, and why."""
