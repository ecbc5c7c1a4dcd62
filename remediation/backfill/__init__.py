"""From a plan to proven data: calls, verification, the window once more."""
