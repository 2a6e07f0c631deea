"""A TCP line that can go silent: everything is still taken, and nothing comes out at the other end."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    """Passes bytes on from `port` of `host` to `target`: (host, port), or the path of a Unix socket."""

    def __init__(self, target: tuple[str, int] | str, host: str = "127.0.0.1") -> None:
        self._target = target
        self._silent = threading.Event()
        self._closing = threading.Event()
        self._ends: dict[socket.socket, socket.socket] = {}
        self._listening = socket.create_server((host, 0))
        self.port: int = self._listening.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def be_silent(self) -> None:
        """From now on nothing is passed on; connections stay open, and new ones are taken."""
        self._silent.set()

    def speak(self) -> None:
        self._silent.clear()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        for end in (*self._ends, self._listening):
            end.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._silent.is_set():
                self._closing.wait(0.02)  # what has been sent waits in the kernel's buffers
                continue
            for key, _ in self._selector.select(0.02):
                if key.fileobj is self._listening:
                    self._join(self._listening.accept()[0])
                elif isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj)

    def _join(self, caller: socket.socket) -> None:
        if isinstance(self._target, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
        else:
            server = socket.create_connection(self._target)
        self._ends |= {caller: server, server: caller}
        for end in (caller, server):
            self._selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        other = self._ends.get(end)
        data = b""
        with contextlib.suppress(OSError):
            data = end.recv(65536)
        if other is None:
            return
        if data:
            with contextlib.suppress(OSError):
                other.sendall(data)
                return
        for each in (end, other):
            self._selector.unregister(each)
            del self._ends[each]
            each.close()


@contextmanager
def proxied(target: tuple[str, int] | str, host: str = "127.0.0.1") -> Iterator[Proxy]:
    proxy = Proxy(target, host)
    try:
        yield proxy
    finally:
        proxy.close()
