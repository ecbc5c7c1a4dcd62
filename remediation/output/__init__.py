"""How a plan and a run of it are told."""
