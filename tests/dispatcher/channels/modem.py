"""A stand-in for a SIM modem and its daemon, gammu-smsd: the folders, and what it does with them."""

from __future__ import annotations

from pathlib import Path

from dispatcher.channels.gammu import GammuSettings


class Modem:
    """gammu-smsd's folders, and what it does with them."""

    def __init__(self, folder: Path) -> None:
        self.outbox, self.sent, self.error, self.inbox = (
            folder / name for name in ("outbox", "sent", "error", "inbox")
        )
        for each in (self.outbox, self.sent, self.error, self.inbox):
            each.mkdir()

    def settings(self) -> GammuSettings:
        return GammuSettings(
            gammu_outbox=self.outbox,
            gammu_sent=self.sent,
            gammu_error=self.error,
            gammu_inbox=self.inbox,
        )

    def waiting(self) -> list[Path]:
        """What the daemon would find, first the one that it would take."""
        return sorted(file for file in self.outbox.iterdir() if file.name.lower().startswith("out"))

    def sends(self, into: Path) -> str:
        """It takes the next file; what it read, decoded as the daemon does."""
        file = self.waiting()[0]
        text = file.read_bytes()
        assert text[:2] == b"\xfe\xff"
        file.rename(into / file.name)
        return text[2:].decode("utf-16-be")

    def hears(self, name: str, text: str) -> None:
        (self.inbox / name).write_bytes(b"\xfe\xff" + text.encode("utf-16-be"))

    def has_for(self, phone: str) -> list[str]:
        """The texts that wait for a number."""
        return [
            file.read_bytes()[2:].decode("utf-16-be")
            for file in self.waiting()
            if file.name.split("_")[3] == phone
        ]
