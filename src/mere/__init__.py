"""Multilingual entity and relation extraction."""
