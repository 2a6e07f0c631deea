"""Backups: taken while everything runs, looked at, and brought back."""
