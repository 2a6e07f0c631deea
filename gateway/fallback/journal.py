"""What the fall-back has said while nobody else could write it down; merged into the store afterwards."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
import structlog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Line:
    """One text. `provider_id` is empty until it has left, `merged` once the store knows of it."""

    key: str
    household_id: int
    contact_id: int
    name: str
    phone: str
    body: str
    at: datetime
    channel: str = ""
    provider_id: str = ""
    merged: bool = False


class Journal:
    """Lines in a file that only we read; of several with one key the last one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, Line] = {}
        if path.exists():
            for text in path.read_bytes().splitlines():
                line = _read(text)
                if line is not None:
                    self._lines[line.key] = line

    def write(self, line: Line) -> None:
        """Keep a line; it is on the disk when this returns. On a disk that is full it is kept in memory only:
        who is not told because of it would be told by nobody.
        """
        self._lines[line.key] = line
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(b"\n" + orjson.dumps(asdict(line)))  # a torn line before it spoils only itself
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            log.error("the journal cannot be written", error=str(error))

    def get(self, key: str) -> Line | None:
        return self._lines.get(key)

    def unmerged(self) -> list[Line]:
        """What has left and the store does not know yet."""
        return [line for line in self._lines.values() if line.provider_id and not line.merged]


def _read(text: bytes) -> Line | None:
    """A line; None for one that was torn when the machine died."""
    try:
        known = orjson.loads(text)
        return Line(**{**known, "at": datetime.fromisoformat(known["at"])})
    except (KeyError, TypeError, ValueError):
        return None
