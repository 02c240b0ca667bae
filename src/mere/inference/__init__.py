"""Extraction: the runtime."""
