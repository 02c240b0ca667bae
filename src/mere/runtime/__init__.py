"""The old place of `mere.inference`; kept for a version, with a warning."""
