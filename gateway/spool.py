"""Where messages wait that the broker will not keep for us (QoS 0) when there are too many for memory.

A file without a name: it goes when the process goes, as memory would. Nothing is sorted out or dropped here,
because nobody can tell a heartbeat from the end of an alarm without reading what came before it.
"""

from __future__ import annotations

import struct
import tempfile
from datetime import UTC, datetime
from typing import BinaryIO, cast

from devices.signal import Frame

_HEAD = struct.Struct("!d??II")  # received at, retained, redelivered, bytes of topic, bytes of payload
MOST_BYTES = 1 << 30


class Spool:
    """First in, first out, at most `most_bytes` on disk. Not for two threads at once."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._file: BinaryIO | None = None
        self._read_at = self._write_at = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, frame: Frame) -> bool:
        """Keep `frame` behind the others; False when there is no room for it."""
        topic = frame.topic.encode("utf-8", "surrogatepass")
        head = _HEAD.pack(
            frame.received_at.timestamp(),
            frame.retained,
            frame.redelivered,
            len(topic),
            len(frame.payload),
        )
        record = head + topic + frame.payload
        if self._write_at + len(record) > self._most:
            return False
        try:
            if self._file is None:
                self._file = cast(BinaryIO, tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
            self._file.seek(self._write_at)
            written = self._file.write(record)
        except OSError:  # the disk is full
            return False
        if written < len(record):
            return False
        self._write_at += len(record)
        self._count += 1
        return True

    def take(self, most: int) -> list[Frame]:
        """The `most` that came first, in their order."""
        taken: list[Frame] = []
        while self._count and len(taken) < most:
            taken.append(self._next())
        if not self._count and self._file is not None:
            self._file.truncate(0)
            self._read_at = self._write_at = 0
        return taken

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._read_at = self._write_at = self._count = 0

    def _next(self) -> Frame:
        assert self._file is not None
        self._file.seek(self._read_at)
        at, retained, redelivered, topic, payload = _HEAD.unpack(self._file.read(_HEAD.size))
        said = self._file.read(topic + payload)
        self._read_at += _HEAD.size + len(said)
        self._count -= 1
        return Frame(
            said[:topic].decode("utf-8", "surrogatepass"),
            said[topic:],
            datetime.fromtimestamp(at, UTC),
            retained,
            redelivered,
        )
