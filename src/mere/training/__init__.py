"""Training in stages, evaluation and experiments."""
