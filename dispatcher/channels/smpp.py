"""SMS over SMPP 3.4: one bound line to an SMSC, on which texts leave, and reports and answers come in.

smpplib makes and reads the PDUs; the line itself is ours, because many senders share it: answers are matched
by sequence number, and what comes in is acknowledged only when it is stored. Nobody can be asked for a text
by our key, so that an attempt that ended in doubt is known only if its late answer still came.
Source: SMPP Protocol Specification v3.4, and its appendix B on delivery receipts.
"""

from __future__ import annotations

import contextlib
import queue
import re
import select
import socket
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from smpplib import client, consts, exceptions, gsm, smpp

from dispatcher.channels import Capabilities, Outcome, Reception, Sent, TryLater, Undeliverable
from dispatcher.model import Message, MessageState

ANSWER_S = 4.0
QUIET_S = (
    20.0  # after this long without a word we ask whether they are there, and after twice that we hang up
)
AGAIN_S = 2.0
_REMEMBERED = 10_000

_TOO_FAST = frozenset({consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL})
_NEVER = frozenset({consts.SMPP_ESME_RINVDSTADR, consts.SMPP_ESME_RINVMSGLEN, consts.SMPP_ESME_RINVDSTTON})
_FATE: Mapping[str, MessageState] = {
    "DELIVRD": MessageState.DELIVERED,
    "ACCEPTD": MessageState.SENT,
    "ENROUTE": MessageState.SENT,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "REJECTD": MessageState.UNDELIVERABLE,
    "EXPIRED": MessageState.FAILED,
    "DELETED": MessageState.FAILED,
}
_RECEIPT = re.compile(r"\bid:(?P<id>\S+)|\bstat:(?P<stat>[A-Z]+)|\berr:(?P<err>\S+)")
_IS_RECEIPT, _HAS_HEADER, _UCS2 = 0x04, 0x40, 0x08

log = structlog.get_logger()


class SmppSettings(BaseSettings):
    """`smpp_source` is the number that people see and answer to."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    smpp_host: str
    smpp_port: int = 2775
    smpp_system_id: str
    smpp_password: SecretStr
    smpp_source: str
    smpp_rate_per_s: float = 20


@dataclass(slots=True)
class _Asked:
    """A submit_sm whose answer is awaited, and by which of our messages it was sent."""

    key: str
    answered: threading.Event = field(default_factory=threading.Event)
    status: int | None = None
    provider_id: str = ""


class SmppSms:
    """The line is held by a thread of its own, which binds again whenever it is cut. `close` ends it."""

    name = "smpp"

    def __init__(
        self,
        settings: SmppSettings,
        reception: Reception,
        *,
        answer_s: float = ANSWER_S,
        quiet_s: float = QUIET_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self.capabilities = Capabilities(two_way=True, rate_per_s=settings.smpp_rate_per_s)
        self._settings = settings
        self._reception = reception
        self._answer_s, self._quiet_s, self._again_s = answer_s, quiet_s, again_s
        self._line: Any = None  # a bound client, while there is one
        self._speaking = threading.Lock()
        self._asked: dict[int, _Asked] = {}
        self._sent: OrderedDict[str, str] = OrderedDict()  # our key → their id
        self._heard: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._hold, name="smpp-line", daemon=True),
            threading.Thread(target=self._take_in, name="smpp-in", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: Message) -> Outcome:
        parts, coding, of_class = gsm.make_parts(message.body, encoding=consts.SMPP_ENCODING_ISO10646)
        sent = Sent("")
        for part in parts:
            outcome = self._send_part(message, part, coding, of_class)
            if not isinstance(outcome, Sent):
                return outcome
            sent = outcome
        return sent

    def find(self, message: Message) -> Sent | None:
        """Whether this process heard that the text was taken, also when that came too late."""
        provider_id = self._sent.get(message.key)
        return Sent(provider_id) if provider_id is not None else None

    def ailment(self) -> str:
        return "not bound" if self._line is None else ""

    def close(self) -> None:
        self._closing.set()
        self._hang_up()
        self._heard.put(None)
        for thread in self._threads:
            thread.join()

    # ---- texts that leave ----

    def _send_part(self, message: Message, part: bytes, coding: int, of_class: int) -> Outcome:
        asked = _Asked(message.key)
        line = self._line
        if line is None:
            return TryLater("not bound")
        try:
            with self._speaking:
                pdu = smpp.make_pdu(
                    "submit_sm",
                    client=line,
                    source_addr_ton=consts.SMPP_TON_UNK,
                    source_addr=self._settings.smpp_source,
                    dest_addr_ton=consts.SMPP_TON_INTL,
                    dest_addr_npi=consts.SMPP_NPI_ISDN,
                    destination_addr=message.to.phone.removeprefix("+"),
                    esm_class=of_class,
                    data_coding=coding,
                    registered_delivery=1,
                    short_message=part,
                )
                self._asked[pdu.sequence] = asked
                line.send_pdu(pdu)
        except (exceptions.ConnectionError, exceptions.PDUError, OSError, AttributeError) as broken:
            return TryLater(type(broken).__name__)
        if not asked.answered.wait(self._answer_s):
            return TryLater("no answer")
        if asked.status is None:
            return TryLater("the line was cut")
        if asked.status == consts.SMPP_ESME_ROK:
            return Sent(asked.provider_id)
        why = f"status 0x{asked.status:08X}"
        if asked.status in _NEVER:
            return Undeliverable(why)
        return TryLater(why, provider_is_well=asked.status in _TOO_FAST)

    # ---- the line ----

    def _hold(self) -> None:
        while not self._closing.is_set():
            line = self._bound()
            if line is not None:
                self._line = line
                try:
                    self._listen(line)
                except (exceptions.ConnectionError, exceptions.PDUError, OSError, ValueError) as broken:
                    log.warning("smpp line lost", kind=type(broken).__name__)
                except exceptions.UnknownCommandError:
                    log.warning("smpp line spoke another language")
                self._line = None
                self._hang_up(line)
                line._socket = None
                self._nobody_answers()
            self._closing.wait(self._again_s)

    def _bound(self) -> Any:
        settings = self._settings
        line = client.Client(
            settings.smpp_host,
            settings.smpp_port,
            timeout=self._answer_s,
            logger_name="smpplib",
            allow_unknown_opt_params=True,
        )
        try:
            line.connect()
            line.bind_transceiver(
                system_id=settings.smpp_system_id, password=settings.smpp_password.get_secret_value()
            )
        except (exceptions.ConnectionError, exceptions.PDUError, OSError) as refused:
            log.warning("smpp cannot bind", kind=type(refused).__name__)
            self._hang_up(line)
            line._socket = None
            return None
        log.info("smpp bound")
        return line

    def _listen(self, line: Any) -> None:
        silent, wire = 0, line._socket
        while not self._closing.is_set():
            ready, _, _ = select.select([wire], [], [], self._quiet_s)
            if not ready:
                silent += 1
                if silent > 2:
                    raise exceptions.ConnectionError("they are silent")
                self._speak(line, "enquire_link")
                continue
            silent = 0
            pdu = line.read_pdu()  # a time-out within one ends the line: what follows makes no sense
            match pdu.command:
                case "submit_sm_resp":
                    self._answered(pdu)
                case "deliver_sm":
                    self._heard.put((line, pdu))
                case "enquire_link":
                    self._speak(line, "enquire_link_resp", pdu.sequence)
                case "unbind":
                    raise exceptions.ConnectionError("they unbound")

    def _speak(self, line: Any, command: str, answers: int | None = None, **fields: Any) -> None:
        """Say something; `answers` is the sequence number of what it is the answer to."""
        with self._speaking:
            pdu = smpp.make_pdu(command, client=line, **fields)
            if answers is not None:
                pdu.sequence = answers
            line.send_pdu(pdu)

    def _answered(self, pdu: Any) -> None:
        asked = self._asked.pop(pdu.sequence, None)
        if asked is None:
            return
        asked.status = pdu.status
        if pdu.status == consts.SMPP_ESME_ROK:
            asked.provider_id = _id_of(_text(pdu.message_id))
            self._sent[asked.key] = asked.provider_id
            while len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
        asked.answered.set()

    def _nobody_answers(self) -> None:
        asked, self._asked = self._asked, {}
        for one in asked.values():
            one.answered.set()

    def _hang_up(self, line: Any = None) -> None:
        """Close the socket, which wakes whoever reads from it."""
        line = line or self._line
        held = getattr(line, "_socket", None)
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                held.close()

    # ---- what comes in ----

    def _take_in(self) -> None:
        """Store, then acknowledge; what cannot be stored now they deliver again."""
        while (heard := self._heard.get()) is not None:
            line, pdu = heard
            status = consts.SMPP_ESME_ROK
            try:
                self._take(pdu)
            except Exception:
                log.exception("what came in over smpp cannot be stored")
                status = consts.SMPP_ESME_RX_T_APPN
            with contextlib.suppress(
                exceptions.ConnectionError, exceptions.PDUError, OSError, AttributeError
            ):
                self._speak(line, "deliver_sm_resp", pdu.sequence, status=status)

    def _take(self, pdu: Any) -> None:
        coding, of_class = pdu.data_coding or 0, pdu.esm_class or 0
        said = _decoded(pdu.short_message or pdu.message_payload or b"", coding, of_class)
        if of_class & 0x3C == _IS_RECEIPT:
            found = {k: v for m in _RECEIPT.finditer(said) for k, v in m.groupdict().items() if v}
            provider_id = _text(pdu.receipted_message_id) or found.get("id", "")
            state = _FATE.get(found.get("stat", ""))
            if provider_id and state is not None:
                error = (
                    "" if state is MessageState.DELIVERED else f"{found.get('stat')} {found.get('err', '')}"
                )
                self._reception.receipt(_id_of(provider_id), state, error.strip())
            return
        phone = _text(pdu.source_addr)
        international = pdu.source_addr_ton == consts.SMPP_TON_INTL
        self._reception.reply(f"+{phone}" if international else phone, said, f"smpp:{uuid4().hex}")


def _id_of(message_id: str) -> str:
    """Theirs, told apart from other providers' and short enough to be kept."""
    return f"smpp:{message_id}"[:64]


def _decoded(data: bytes, coding: int, of_class: int) -> str:
    if of_class & _HAS_HEADER and data:
        data = data[1 + data[0] :]  # a part of a longer text; each part is read by itself
    if coding == _UCS2:
        return data.decode("utf-16-be", "replace")
    return data.decode("latin-1" if coding == consts.SMPP_ENCODING_ISO88591 else "ascii", "replace")


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.replace("\0", "")
