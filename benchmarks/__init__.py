"""Side by side on one machine: what the checkpoints cost, and what the others cost."""
