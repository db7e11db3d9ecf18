"""Catalogue, stock and its movements, sales as merchandisers plan them, search, and the outbox."""
