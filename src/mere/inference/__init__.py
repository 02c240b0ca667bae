"""Extraction: from texts to documents with triples. No torch."""
