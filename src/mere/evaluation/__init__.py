"""Evaluation: scores, calibration, the model card. No torch."""
