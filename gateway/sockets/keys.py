"""The keys of diallers that encipher what they say: a file, one line for each account, `1234 0123ABCD…`.

They cannot be hashed as a password can, so they are kept out of the database and of its backups.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from devices.formats.sia_dc09 import KEY_SIZES

log = structlog.get_logger()


def read_keys(path: Path) -> Mapping[str, bytes]:
    """Each account's key. ValueError names the line that is wrong and shows nothing of it."""
    if path.stat().st_mode & 0o077:
        log.warning("others than the gateway may read the keys of the diallers: chmod 600", file=str(path))
    keys: dict[str, bytes] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            account, key = words[0].upper(), bytes.fromhex(words[1])
        except (ValueError, IndexError):
            account, key = "", b""
        if not account.isalnum() or len(key) not in KEY_SIZES or len(words) > 2 or account in keys:
            raise ValueError(
                f"ANXIN_DC09_KEYS: line {number} of {path}: an account, once, and its key in hexadecimal, "
                "of 16, 24 or 32 bytes"
            )
        keys[account] = key
    return keys
