"""`python -m bench.naive`: what most would write first, to compare with: everything in paho's callback.

`drop`: paho alone; counts and forgets. `store`: a row per message with the ORM, committed in the callback,
acknowledged by paho when the callback returns. `tell`: the same, and the relatives are texted there too.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import ForeignKey, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.provider import Handover
from bench.settings import BenchSettings
from bench.street import DONE, relative
from bench.town import RELATIVES


class Base(DeclarativeBase):
    pass


class Home(Base):
    __tablename__ = "naive_home"
    id: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(String, unique=True)


class Relative(Base):
    __tablename__ = "naive_relative"
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("naive_home.id"), index=True)
    phone: Mapped[str]


class Event(Base):
    __tablename__ = "naive_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String, unique=True)
    device: Mapped[str]
    kind: Mapped[str]
    payload: Mapped[str]
    at: Mapped[datetime]


class Text(Base):
    __tablename__ = "naive_text"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("naive_event.id"))
    phone: Mapped[str]
    sent_at: Mapped[datetime]


def build(url: str, homes: int) -> None:
    """The tables of the naive service, and its homes."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Home(id=n, device=f"{n:06d}") for n in range(1, homes + 1))
        session.flush()
        session.add_all(
            Relative(home_id=n, phone=relative(n, rank))
            for n in range(1, homes + 1)
            for rank in range(1, RELATIVES + 1)
        )
        session.commit()
    engine.dispose()


class Service:
    """One engine, one session per message."""

    def __init__(self, settings: BenchSettings) -> None:
        self._engine = create_engine(settings.database_url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", as_safe_as_ours)
        self._provider = Handover(settings.bench_provider_port)

    def store(self, message: mqtt.MQTTMessage) -> None:
        with Session(self._engine) as session:
            self._keep(session, message)
            session.commit()

    def tell(self, message: mqtt.MQTTMessage) -> None:
        with Session(self._engine) as session:
            kept = self._keep(session, message)
            session.commit()
            home = session.scalars(select(Home).where(Home.device == kept.device)).one()
            for known in session.scalars(select(Relative).where(Relative.home_id == home.id)).all():
                self._provider.hand_over([(known.phone, kept.key)])
                session.add(Text(event_id=kept.id, phone=known.phone, sent_at=datetime.now(UTC)))
            session.commit()

    def _keep(self, session: Session, message: mqtt.MQTTMessage) -> Event:
        said = json.loads(message.payload)
        device = message.topic.split("/")[2]
        kept = Event(
            key=f"{device}#{said['id']}",
            device=device,
            kind=said["type"],
            payload=message.payload.decode(),
            at=datetime.now(UTC),
        )
        session.add(kept)
        return kept


def as_safe_as_ours(connection: object, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]


def main(words: list[str]) -> int:
    settings = BenchSettings()
    left = settings.bench_count
    handle: Callable[[mqtt.MQTTMessage], None] | None = None
    if words != ["drop"]:
        service = Service(settings)
        handle = service.store if words == ["store"] else service.tell

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal left
        if handle is not None:
            handle(message)
        left -= 1
        if left == 0:
            client.publish(DONE, b"", qos=0)

    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id="bench-naive",
        protocol=mqtt.MQTTv311,
        clean_session=settings.bench_clean,
    )
    client.on_connect = lambda client, *_: client.subscribe("care/+/+/signal", qos=1)
    client.on_subscribe = lambda *_: print("ready naive", flush=True)
    client.on_message = on_message
    client.connect("127.0.0.1", settings.mqtt_port)
    client.loop_start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()
    client.disconnect()
    client.loop_stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
