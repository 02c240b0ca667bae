"""The pattern corpus: sentence patterns by language and relation, and the machinery that turns them into sentences."""
