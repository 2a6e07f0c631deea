"""The service desk: who calls, what they wish for, and what becomes of it."""
