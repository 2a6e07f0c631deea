"""A tap lets a device speak over the broker, as a real one would, and only where nobody real is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from api.app import create_app
from api.parts import Parts
from api.routes.emulator import FLAPS, SAID, Word
from api.settings import Settings
from community.model import Device
from community.storage import Store, register
from community.storage.tables import area
from devices.signal import Role
from dispatcher.downlink import STALE_S
from dispatcher.storage import vitals
from tests.api.conftest import TWILIO_TOKEN, URL, Browser, Town, browser
from tests.devices.street import Street, words


@dataclass
class Wire:
    """A broker that takes everything, or is away."""

    away: bool = False
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def say(self, topic: str, payload: bytes, stale_s: int = STALE_S) -> bool:  # noqa: ARG002
        if not self.away:
            self.said.append((topic, payload))
        return not self.away


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def parts(parts: Parts, wire: Wire) -> Parts:
    return replace(parts, line=wire)


def test_what_is_tapped_is_what_the_gateway_understands(operator: Browser, town: Town, wire: Wire) -> None:
    [listed] = operator.get("/api/emulator").json()
    assert listed["device_id"] == town.device_id
    assert listed["whose"] == "王秀英 和平社区幸福里3幢2单元501"
    expected = {
        "press": ["sos"],
        "clear": ["smoke clear", "gas clear", "leak clear"],
        "online": ["offline clear"],
        "flapping": ["offline", "offline clear"] * FLAPS,
        "heartbeat": [],
    }
    assert set(SAID) == set(get_args(Word))
    for word in SAID:
        wire.said.clear()
        answer = operator.post("/api/emulator", {"device_id": town.device_id, "says": word})
        assert (answer.status_code, answer.json()) == (200, len(SAID[word]))
        street = Street()
        street.enrol("care:kenli/KL-0001", Role.HELP_BUTTON)
        heard = [street.hear(topic, said) for topic, said in wire.said]
        assert all(one.receipt is not None and not one.tickets for one in heard)
        assert [said for one in heard for said in words(one)] == expected.get(word, [word])
    ids = [orjson.loads(said)["id"] for _, said in wire.said]
    assert len(set(ids)) == len(ids)


def test_a_broker_that_is_away_is_said(operator: Browser, town: Town, wire: Wire) -> None:
    wire.away = True
    answer = operator.post("/api/emulator", {"device_id": town.device_id, "says": "press"})
    assert (answer.status_code, answer.json()["code"]) == (409, "broker_away")


def test_devices_of_other_makers_speak_from_the_command_line(
    operator: Browser, town: Town, store: Store, wire: Wire
) -> None:
    with store.write() as connection:
        other = register.enrol_device(
            connection, Device(0, "z2m:0xabc", Role.HELP_BUTTON, town.household_id)
        ).id
    answer = operator.post("/api/emulator", {"device_id": other, "says": "press"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_our_format")
    assert wire.said == []


def test_in_a_real_street_no_device_is_simulated_whatever_the_settings_say(
    operator: Browser, town: Town, store: Store, wire: Wire
) -> None:
    """`ANXIN_CHANNELS` may be set for the dispatcher and forgotten for the API."""
    with store.write() as connection:
        connection.execute(update(area).values(synthetic=False))
    assert operator.get("/api/emulator").json() == []
    answer = operator.post("/api/emulator", {"device_id": town.device_id, "says": "press"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_demo")
    assert wire.said == []


def test_where_a_dispatcher_tells_real_people_no_phone_is_simulated_either(
    operator: Browser, store: Store
) -> None:
    """Or anybody who logs in would read every text, and answer it in the name of a relative."""
    assert operator.get("/phones").status_code == operator.get("/api/phones").status_code == 200
    with store.write() as connection:
        vitals.know_channels(connection, ["twilio"])
    assert operator.get("/phones").status_code == operator.get("/api/phones").status_code == 404
    answer = operator.post("/api/phones/+8613800000002/reply", {"body": "3"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_simulated_phones")
    assert operator.get("/api/emulator").status_code == 404


@pytest.fixture
def real(parts: Parts, town: Town) -> FastAPI:  # noqa: ARG001 - it finds the town in its store
    told = {"database_url": "sqlite://", "public_url": URL, "twilio_auth_token": TWILIO_TOKEN}
    return create_app(replace(parts, settings=Settings.model_validate({**told, "channels": ("twilio",)})))


def test_where_real_people_are_told_no_device_is_simulated(real: FastAPI, town: Town, wire: Wire) -> None:
    desk = browser(real, "liufang")
    assert desk.get("/api/emulator").status_code == 404
    assert desk.post("/api/emulator", {"device_id": town.device_id, "says": "press"}).status_code == 404
    assert wire.said == []
