"""Tells relatives when the centre has not: a small process that needs a broker and a provider only."""
