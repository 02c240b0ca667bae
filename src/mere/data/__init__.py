"""Reading, checking, splitting and writing of sentences with triples. Imports no torch."""
