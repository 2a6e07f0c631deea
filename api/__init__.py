"""The people's door: one FastAPI application for the console, for machines and for providers' callbacks."""
