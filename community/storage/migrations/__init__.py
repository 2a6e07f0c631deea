"""Alembic's scripts, one per change of the schema. They never import the tables: a script is history."""
