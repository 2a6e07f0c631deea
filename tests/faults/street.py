"""The Kenli street while things break: who presses, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from devices.signal import Kind, Reading, Signal
from devices.sim.player import Sender, play
from devices.sim.roster import Device
from devices.sim.speech import Emission
from dispatcher import intake
from dispatcher.clock import SystemClock
from dispatcher.plans import SHIPPED, Plans, load
from tests.dispatcher.provider import Provider
from tests.gateway.conftest import STREET, Centre, url_of
from tests.servers import Part, until

WITHIN_S = 40.0

BUTTONS = tuple(
    Device(device.key, "native", f"care/{device.key.removeprefix('care:')}/signal", device.role)
    for device in STREET.devices
    if device.key.startswith("care:")
)
PLANS = load(SHIPPED.read_text("utf-8"))


def keys_of(emissions: Iterable[Emission]) -> set[str]:
    """The unique keys that the store must know in the end."""
    return {
        f"care:{emission.topic.removeprefix('care/').removesuffix('/signal')}#{emission.receipt}"
        for emission in emissions
    }


def soon(times_said: int) -> float:
    """Like the documented pauses, and shorter, to be done in time."""
    return min(0.5 * times_said, 2.0)


class Sending:
    """Presses on their way, in a thread of their own."""

    def __init__(self, sender: Sender, emissions: list[Emission]) -> None:
        self._sender = sender
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=play, args=(sender, emissions, self._stopping))
        self._thread.start()

    def has_said(self, count: int) -> None:
        assert until(lambda: self._sender.tally().said >= count, WITHIN_S, every_s=0.005)

    def end(self) -> None:
        self._stopping.set()
        self._thread.join()


def dispatcher(centre: Centre, folder: Path, **more: str) -> Part:
    """One more dispatcher, not started yet."""
    folder.mkdir(exist_ok=True)
    return Part("dispatcher", folder, url_of(centre.store), centre.mosquitto.port, **more)


def by_twilio(centre: Centre, folder: Path, provider: Provider, **more: str) -> Part:
    return dispatcher(
        centre,
        folder,
        ANXIN_CHANNELS="twilio",
        ANXIN_TWILIO_BASE_URL=provider.url,
        ANXIN_TWILIO_ACCOUNT_SID="AC1",
        ANXIN_TWILIO_AUTH_TOKEN="secret",
        ANXIN_TWILIO_FROM="+15005550006",
        **more,
    )


def gateway(centre: Centre, folder: Path, name: str, topics: str = "") -> Part:
    """One more gateway with a session of its own, not started yet."""
    folder.joinpath(name).mkdir()
    more = {"ANXIN_GATEWAY_ID": name, "ANXIN_TOPICS": topics}
    return Part("gateway", folder / name, url_of(centre.store), centre.mosquitto.port, **more)


def others(centre: Centre) -> list[int]:
    """The server's processes that work for somebody else in this database."""
    found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return [pid for (pid,) in centre.rows(found)]


def take_in(
    centre: Centre, buttons: Iterable[Device], plans: Plans = PLANS, off: timedelta = timedelta(0)
) -> None:
    """A gateway has stored a press of each of `buttons`, and nobody has looked yet; its clock is `off`."""
    now = SystemClock().now() + off
    readings = [Reading((Signal(button.key, Kind.SOS, f"{button.key}#in", now),)) for button in buttons]
    with centre.store.write() as connection:
        intake.take(connection, readings, plans, now)


def received(centre: Centre) -> int:
    return centre.count("SELECT count(*) FROM phone_text")


def texts(centre: Centre) -> int:
    """Texts that should have come: beside a late one there is a call, and what is called off never comes."""
    return centre.count("SELECT count(*) FROM message WHERE NOT is_call AND state <> 'cancelled'")


def told(centre: Centre) -> int:
    """Relatives who were told on the first rung."""
    return centre.count("SELECT count(*) FROM message WHERE rung = 1 AND who LIKE 'contact:%'")


def unsent(centre: Centre) -> int:
    """Texts that are still on their way to a provider, or never get there."""
    return centre.count("SELECT count(*) FROM message WHERE state IN ('queued', 'sending', 'failed')")


def is_everybody_told(centre: Centre, homes: int) -> bool:
    """Whether both relatives of so many homes were told, and nothing waits."""
    return told(centre) >= 2 * homes and unsent(centre) == 0


def name_of(centre: Centre) -> str:
    return "SQLite" if centre.store.is_sqlite else "PostgreSQL"


def workers(centre: Centre) -> Counter[str]:
    """How many texts each dispatcher's couriers took last."""
    return Counter(worker for (worker,) in centre.rows("SELECT worker FROM message"))


def nobody_was_told_twice(centre: Centre) -> None:
    """Neither by two messages of one rung nor by one message that was sent twice."""
    again = centre.rows(
        "SELECT incident_id, who, rung FROM message "
        "GROUP BY incident_id, who, rung, is_call HAVING count(*) > 1"  # a call beside a late text is meant
    )
    assert again == []
    twice = centre.rows("SELECT message_key FROM phone_text GROUP BY message_key HAVING count(*) > 1")
    assert twice == []
