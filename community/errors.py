"""What may be wrong with a request to the register. The message says what to do next."""

from __future__ import annotations


class RegisterError(Exception):
    """Base of the three below. The transaction it was raised in must be given up."""


class NotFound(RegisterError):
    """There is no such thing."""


class Conflict(RegisterError):
    """It exists already, or somebody else was faster."""


class Invalid(RegisterError):
    """A value that cannot be kept as it was given."""
