"""Consoles without a screen: each is given the live stream and reads it as a page does, but draws nothing.

They run in a process of their own. Fifty browsers on one machine measure the browsers; with one that draws
beside these, the application still has fifty consoles to tell.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import httpx2
import orjson

LONGEST_EVENT = 1 << 26  # bytes: a snapshot of thousands of cases
START_S = 60.0

Heard = list[tuple[int, float]]  # (incident, ms of the machine's clock when it was first read), in that order


class Readers:
    """Open streams in another process."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def heard(self, count: int, patience_s: float) -> list[Heard]:
        """What each of them has heard, once each knows of `count` incidents or `patience_s` have passed."""
        self._line.send((count, patience_s))
        return list(self._line.recv())


@contextmanager
def reading(url: str, login: str, password: str, count: int) -> Iterator[Readers]:
    """`count` streams of the application at `url`, all of them open."""
    answer = httpx2.post(f"{url}/api/login", json={"login": login, "password": password})
    answer.raise_for_status()
    cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    context = multiprocessing.get_context("spawn")
    line, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, url, cookie, count), daemon=True)
    process.start()
    try:
        if not line.poll(START_S):
            raise TimeoutError(f"{count} readers have not opened their streams in {START_S:.0f} s")
        line.recv()
        yield Readers(line)
    finally:
        process.terminate()
        process.join()


def _run(line: Connection, url: str, cookie: str, count: int) -> None:
    asyncio.run(_read_all(line, url, cookie, count))


async def _read_all(line: Connection, url: str, cookie: str, count: int) -> None:
    heard: list[dict[int, float]] = [{} for _ in range(count)]
    opened = [asyncio.Event() for _ in heard]
    at_work = [
        asyncio.create_task(_read(url, cookie, one, is_open))
        for one, is_open in zip(heard, opened, strict=True)
    ]
    await asyncio.gather(*(is_open.wait() for is_open in opened))
    line.send("open")
    expected, patience_s = await asyncio.to_thread(line.recv)
    until = time.monotonic() + patience_s
    while any(len(one) < expected for one in heard) and time.monotonic() < until:
        await asyncio.sleep(0.1)
    line.send([list(one.items()) for one in heard])
    await asyncio.gather(*at_work)


async def _read(url: str, cookie: str, heard: dict[int, float], is_open: asyncio.Event) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=LONGEST_EVENT)
    head = f"GET /api/live HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\n\r\n"
    writer.write(head.encode("ascii"))
    await reader.readuntil(b"\r\n\r\n")
    # The length of a chunk stands on lines of its own between two events: they are passed over.
    while said := await reader.readuntil(b"\n\n"):
        fields = dict(row.partition(b": ")[::2] for row in said.splitlines())
        data = orjson.loads(fields[b"data"])
        if fields[b"event"] == b"snapshot":
            is_open.set()
        elif fields[b"event"] == b"incident" and data["card"] is not None:
            heard.setdefault(data["card"]["id"], time.time() * 1000)
