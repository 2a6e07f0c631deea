"""SMS through a SIM modem that gammu-smsd drives, by its FILES folders: what is put into the outbox it sends.

The name of a file is made from the message alone: the same message is one file however often it is tried; one
look tells whether it waits, has left, or could not. Answers are read from the inbox, and removed when stored.
Set `InboxFormat = unicode`, and leave `DeliveryReport = no`: a report would look like an answer.
Source: gammu-smsd-files(7) and smsd/services/files.c.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import structlog
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.channels import Capabilities, Outcome, Reception, Sent, TryLater, Undeliverable
from dispatcher.model import Message, MessageState

LOOK_S = 1.0
_MANY = 20  # a modem needs a minute for as many
_NUMBER = re.compile(r"\+?\d{3,15}")
_CAME_IN = re.compile(r"(?P<text>IN\d{8}_\d{6}_\d+_(?P<phone>[^_/]*))_(?P<part>\d+)\.txt")
_LEFT = re.compile(r"OUT[A-Z]\d{8}_\d{6}_00_\+?\d+_(?P<mark>[0-9a-f]{16})\.txt")

log = structlog.get_logger()


class GammuSettings(BaseSettings):
    """The folders of gammu-smsd's configuration: outboxpath, sentsmspath, errorsmspath, inboxpath."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    gammu_outbox: Path
    gammu_sent: Path
    gammu_error: Path
    gammu_inbox: Path
    gammu_rate_per_s: float = 0.3  # a modem needs three seconds or more for a text


class GammuSms:
    """`look_s`: how often the folders are looked at, by a thread that `close` ends.

    ValueError when a folder is missing or must not be written.
    """

    name = "gammu"

    def __init__(self, settings: GammuSettings, reception: Reception, *, look_s: float = LOOK_S) -> None:
        self.capabilities = Capabilities(two_way=True, rate_per_s=settings.gammu_rate_per_s)
        self._outbox, self._inbox = settings.gammu_outbox, settings.gammu_inbox
        self._sent, self._error = settings.gammu_sent, settings.gammu_error
        for folder in (self._outbox, self._sent, self._error, self._inbox):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise ValueError(f"{folder}: gammu-smsd's folders must be there, and ours to read and write")
        self._reception = reception
        self._look_s = look_s
        self._sizes: dict[str, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gammu", daemon=True)
        self._thread.start()

    def send(self, message: Message) -> Outcome:
        if not _NUMBER.fullmatch(message.to.phone):
            return Undeliverable("not a number that a modem can dial")
        try:
            found = self.find(message)
            if found is None:
                self._put(_file_of(message), message.body)
        except OSError as broken:
            return TryLater(type(broken).__name__)
        return Sent(_id_of(message))

    def find(self, message: Message) -> Sent | None:
        """Whether the modem has it, or has sent it. What it could not send may be tried once more."""
        name = _file_of(message)
        is_there = (self._outbox / name).exists() or (self._sent / name).exists()
        return Sent(_id_of(message)) if is_there else None

    def ailment(self) -> str:
        waiting = sum(_LEFT.fullmatch(file.name) is not None for file in self._outbox.iterdir())
        return f"{waiting} texts wait for the modem" if waiting > _MANY else ""

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def look(self) -> None:
        """Hand in what came in, and what could not be sent."""
        self._take_in()
        for file in sorted(self._error.iterdir()):
            if (left := _LEFT.fullmatch(file.name)) is not None:
                why = "gammu-smsd could not send it"
                if self._reception.receipt(f"gammu:{left['mark']}", MessageState.FAILED, why):
                    file.unlink()

    def _put(self, name: str, body: str) -> None:
        """Write beside, then rename: the modem's daemon must never find half a text."""
        beside = self._outbox / f".{name}"
        with beside.open("wb") as file:
            file.write(b"\xfe\xff" + body.encode("utf-16-be"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._outbox / name)

    def _watch(self) -> None:
        while not self._closing.wait(self._look_s):
            try:
                self.look()
            except Exception:
                log.exception("gammu's folders cannot be read")

    def _take_in(self) -> None:
        """Texts whose files have not grown since the last look; the parts of one belong together."""
        parts: defaultdict[str, list[Path]] = defaultdict(list)
        for file in sorted(self._inbox.iterdir()):
            if (came := _CAME_IN.fullmatch(file.name)) is not None:
                parts[came["text"]].append(file)
        sizes = {file.name: file.stat().st_size for files in parts.values() for file in files}
        before, self._sizes = self._sizes, sizes
        for text, files in parts.items():
            if all(before.get(file.name) == sizes[file.name] for file in files):
                body = "".join(_decoded(file.read_bytes()) for file in files)
                phone = text.split("_", 3)[3]
                self._reception.reply(phone, body, f"gammu:{text}"[:120])
                for file in files:
                    with contextlib.suppress(FileNotFoundError):
                        file.unlink()


def _mark_of(message: Message) -> str:
    return sha256(message.key.encode()).hexdigest()[:16]


def _id_of(message: Message) -> str:
    return f"gammu:{_mark_of(message)}"


def _file_of(message: Message) -> str:
    """The daemon takes files by their names: first words (A), then persons' alarms (B), then others (C)."""
    first = "A" if message.lane.is_urgent else "B" if message.lane.is_persons else "C"
    return f"OUT{first}{message.created_at:%Y%m%d_%H%M%S}_00_{message.to.phone}_{_mark_of(message)}.txt"


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8", "replace")
