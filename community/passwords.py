"""Passwords: hashed with Argon2, checked in one time whether the account exists or not."""

from __future__ import annotations

import secrets
from functools import cache

from pwdlib import PasswordHash

from community.errors import Invalid

SHORTEST = 10  # characters


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def hashed(password: str) -> str:
    """The hash to keep. Invalid when the password is too short."""
    if len(password) < SHORTEST:
        raise Invalid("short_password", f"the password is too short: take at least {SHORTEST} characters")
    return _hasher().hash(password)


def verify(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; None (no such account) costs as much time as a wrong one."""
    matches = _hasher().verify(password, password_hash or _nobodys_hash())
    return matches and password_hash is not None


def invented() -> str:
    """A random password that a person can copy without mistakes."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(3))
