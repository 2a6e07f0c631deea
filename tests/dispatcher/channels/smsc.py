"""A stand-in for an SMSC that speaks SMPP 3.4: it checks who binds, keeps texts, answers as told, reports.

Written from the specification with nothing but `struct`, so that it shares no mistake with our library.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dispatcher.channels.smpp import SmppSettings, SmppSms
from tests.dispatcher.channels.heard import Heard, until

BIND, SUBMIT, DELIVER, ENQUIRE, UNBIND = 0x09, 0x04, 0x05, 0x15, 0x06
ANSWER = 0x80000000
SYSTEM_ID, PASSWORD = "anxin", "geheim12"


@dataclass
class Smsc:
    """`answers` are used up one by one: a status, `hang`, or `late` (taken, and answered when told)."""

    port: int = 0
    answers: list[int | str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    taken: int = 0
    binds: int = 0
    statuses: list[int] = field(default_factory=list)  # of our answers to what it delivered
    changed: threading.Condition = field(default_factory=threading.Condition)
    line: socket.socket | None = None
    owed: list[bytes] = field(default_factory=list)
    is_deaf: bool = False

    def arrived(self, phone: str) -> list[str]:
        return [text for number, text in self.texts if number == phone]

    def wait(self, until: str, seconds: float = 5) -> None:
        """Until something is so, in Python: `smsc.binds == 2`."""
        with self.changed:
            assert self.changed.wait_for(lambda: eval(until, {"smsc": self}), seconds), f"never {until}"

    def say_late(self) -> None:
        assert self.line is not None
        for answer in self.owed:
            self.line.sendall(answer)
        self.owed.clear()

    def cut(self) -> None:
        assert self.line is not None
        with suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)

    def deliver(self, phone: str, text: str, *, ton: int = 1, sequence: int = 77) -> None:
        """A text comes in from `phone`."""
        self._deliver(phone, text.encode("utf-16-be"), 0, 8, ton, sequence, b"")

    def report(self, provider_id: str, stat: str, err: str = "000", *, tlv: bool = False) -> None:
        """What became of a text, in the words of the specification's appendix B."""
        said = "" if tlv else f"id:{provider_id} "
        said += f"sub:001 dlvrd:001 submit date:2611211405 done date:2611211405 stat:{stat} err:{err} text:x"
        extra = provider_id.encode() + b"\0"
        options = struct.pack(">HH", 0x001E, len(extra)) + extra if tlv else b""
        self._deliver("8613900000001", said.encode(), 4, 0, 1, 78, options)

    def _deliver(
        self, phone: str, body: bytes, of_class: int, coding: int, ton: int, sequence: int, options: bytes
    ) -> None:
        assert self.line is not None
        fields = b"\0" + bytes([ton, 1]) + phone.encode() + b"\0" + b"\0\x01" + b"1069\0"
        fields += bytes([of_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(body)]) + body + options
        self.line.sendall(struct.pack(">LLLL", 16 + len(fields), DELIVER, 0, sequence) + fields)


def _take(smsc: Smsc, body: bytes) -> str:
    rest = body
    _, rest = rest.split(b"\0", 1)  # service_type
    _, rest = rest[2:].split(b"\0", 1)  # source
    phone, rest = rest[2:].split(b"\0", 1)
    of_class, rest = rest[0], rest[3:]
    _, rest = rest.split(b"\0", 1)  # schedule_delivery_time
    _, rest = rest.split(b"\0", 1)  # validity_period
    report, _, coding, _, length = rest[:5]
    data = rest[5 : 5 + length]
    assert (report, coding) == (1, 8), "a report is wanted, and the text is UCS-2"
    if of_class & 0x40:
        data = data[1 + data[0] :]
    smsc.texts.append((f"+{phone.decode()}", data.decode("utf-16-be")))
    smsc.classes.append(of_class)
    smsc.taken += 1
    return f"{smsc.taken:08X}"


def _pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


def _serve(smsc: Smsc, wire: socket.socket) -> None:
    stream = wire.makefile("rb")
    while header := stream.read(16):
        if len(header) < 16:
            return
        length, command, status, sequence = struct.unpack(">LLLL", header)
        body = stream.read(length - 16)
        if smsc.is_deaf:
            continue
        if command == BIND:
            system_id, password, _ = body.split(b"\0", 2)
            is_right = (system_id.decode(), password.decode()) == (SYSTEM_ID, PASSWORD)
            if is_right:
                smsc.line = wire
                smsc.binds += 1
            wire.sendall(_pdu(BIND | ANSWER, 0 if is_right else 0x0E, sequence, b"SMSC\0"))
        elif command == SUBMIT:
            answer = smsc.answers.pop(0) if smsc.answers else 0
            if isinstance(answer, int) and answer:
                wire.sendall(_pdu(SUBMIT | ANSWER, answer, sequence))
            else:
                taken = _pdu(SUBMIT | ANSWER, 0, sequence, _take(smsc, body).encode() + b"\0")
                if answer == "late":
                    smsc.owed.append(taken)
                elif answer != "hang":
                    wire.sendall(taken)
        elif command == ENQUIRE:
            wire.sendall(_pdu(ENQUIRE | ANSWER, 0, sequence))
        elif command == DELIVER | ANSWER:
            smsc.statuses.append(status)
        with smsc.changed:
            smsc.changed.notify_all()


@contextmanager
def running() -> Iterator[Smsc]:
    smsc = Smsc()
    listening = socket.create_server(("127.0.0.1", 0))
    smsc.port = listening.getsockname()[1]
    lines: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                wire, _ = listening.accept()
                lines.append(wire)
                threading.Thread(target=_quietly, args=(smsc, wire), daemon=True).start()

    def _quietly(smsc: Smsc, wire: socket.socket) -> None:
        with suppress(OSError), wire:
            _serve(smsc, wire)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield smsc
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for wire in lines:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


def bound(
    smsc: Smsc, heard: Heard, password: str = PASSWORD, quiet_s: float = 20, waits: bool = True
) -> SmppSms:
    """A channel to it; `waits` until its line is bound."""
    settings = SmppSettings(
        smpp_host="127.0.0.1",
        smpp_port=smsc.port,
        smpp_system_id=SYSTEM_ID,
        smpp_password=password,  # type: ignore[arg-type]
        smpp_source="10691234",
    )
    channel = SmppSms(settings, heard, answer_s=0.4, quiet_s=quiet_s, again_s=0.05)
    if waits:
        until(lambda: channel._line is not None)
    return channel
