"""Training: the loop and the checkpoints it writes."""
