"""Watches the centre from beside it: a process that does nothing else, so that nothing else can stop it."""
