"""How a protocol is spoken over a socket: most say a frame and hear its reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.formats.family import Family

Bring = Callable[["Talk", bytes, Callable[[bytes], None]], None]


@dataclass(frozen=True, slots=True)
class Peer:
    """Who speaks: its address, whether over a stream, how to say something to it, how to have it stored.

    `bring` takes who listens, a payload, and what to do with the reply once the payload is committed.
    """

    address: tuple[str, int]
    is_stream: bool
    send: Callable[[bytes], None]
    bring: Bring


class Talk(Protocol):
    """`hear` is called with each frame that `split` found, in the thread of the doors; it must not raise."""

    @property
    def protocol(self) -> str: ...

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]: ...

    def whole(self, datagram: bytes) -> list[bytes]:
        """The frames in a datagram: nothing will follow to complete the last."""
        ...

    def key_of(self, said: bytes) -> bytes:
        """What deciphers the frame `said`; empty where nothing is enciphered, or nobody knows."""
        ...

    def hear(self, said: bytes, peer: Peer) -> None: ...

    def close(self) -> None: ...


class Plain:
    """A frame comes in, is stored, and its reply goes back the way it came."""

    def __init__(self, family: Family, key_of: Callable[[bytes], bytes] = lambda _: b"") -> None:
        if family.split is None:
            raise ValueError(f"{family.name} does not speak over a stream")
        self.protocol = family.name
        self.split = family.split
        self.key_of = key_of

    def whole(self, datagram: bytes) -> list[bytes]:
        frames, rest = self.split(datagram)
        return [*frames, rest] if rest.strip() else frames

    def hear(self, said: bytes, peer: Peer) -> None:
        peer.bring(self, said, peer.send)

    def close(self) -> None:
        """Nothing is kept."""
