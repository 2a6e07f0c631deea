"""Who of this machine's couriers is dead, as the kernel says: what they had need not wait for its lease.

Each process holds a lock on a file of its own. The kernel lets go of it when the process is gone, however it
went, and not before: nobody who can still send looks dead. Who is only stopped, works on another machine, or
has no file, keeps the lease.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO

import structlog

from community.storage import Store
from dispatcher.storage import outbox

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# What the dead had begun may still be arriving: no provider is given longer for an answer.
SETTLES = timedelta(seconds=4)
_SUFFIX = ".alive"

log = structlog.get_logger()


def folder_for(store: Store) -> Path:
    """Where the couriers of this database on this machine find each other, unless they are told."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    database = sha256(store.engine.url.render_as_string().encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"anxin-{owner}" / database


class Lifeline:
    """One per process. `worker` is the name under which its courier takes messages, never used before.

    Where the folder cannot be used it says so once, and every dead courier is waited for.
    """

    def __init__(self, store: Store, folder: Path, worker: str) -> None:
        self._store = store
        self._folder = folder
        self._path = folder / f"{worker}{_SUFFIX}"
        self._held: IO[bytes] | None = None
        try:
            self._held = self._hold()
        except OSError as error:
            log.warning("who dies is noticed by its lease only", folder=str(folder), error=str(error))

    def turn(self, now: datetime) -> int:
        """Let the texts of the dead leave soon; returns how many. Raises what the store raises."""
        if self._held is None:
            return 0
        found = 0
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if path == self._path:
                continue
            with _dead(path) as is_dead:
                if is_dead:
                    worker = path.name.removesuffix(_SUFFIX)
                    with self._store.write() as connection:
                        inherited = outbox.shorten_leases(connection, worker, now + SETTLES)
                    log.warning("a courier has died", worker=worker, messages=inherited)
                    path.unlink(missing_ok=True)
                    found += inherited
        return found

    def close(self) -> None:
        """The process ends in order: nobody is to inherit from it."""
        if self._held is not None:
            self._path.unlink(missing_ok=True)
            self._held.close()
            self._held = None

    def _hold(self) -> IO[bytes]:
        if fcntl is None:
            raise OSError("this system has no flock")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for ours in (self._folder, self._folder.parent):
            if ours.stat().st_uid != os.getuid():
                raise OSError(f"{ours} is somebody else's")
        unborn = self._path.with_suffix(".unborn")
        held = unborn.open("wb")  # kept open, and never inherited by a child
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unborn.rename(self._path)  # locked before anybody can see it
        except OSError:
            held.close()
            raise
        return held


@contextmanager
def _dead(path: Path) -> Iterator[bool]:
    """Whether nobody holds `path`; while we look after what is left, nobody else does."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it lives, another has it in hand, or it is gone
            yield False
            return
        yield True
