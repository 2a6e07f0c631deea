"""The few ways in which a caller can be wrong. They know nothing of HTTP: `api/problems.py` joins the two."""

from __future__ import annotations


class Refused(Exception):
    """Base of all domain errors. `code` is stable and for programs; the message says what to do next."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotFound(Refused):
    """What was named does not exist, or not for this caller."""


class Conflict(Refused):
    """Somebody else was first, or the thing has moved on."""


class Stale(Conflict):
    """The caller decided on what has changed since: it must be looked at again."""


class Invalid(Refused):
    """The input cannot be meant."""


class Away(Refused):
    """Somebody else's service that this needs did not do its part. The message says what to do without it."""
