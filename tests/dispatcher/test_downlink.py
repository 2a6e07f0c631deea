"""What the device at home says: how the call stands, and never more than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from community.model import Device
from community.storage import register
from devices.profiles import shipped
from devices.profiles.zigbee import lights
from devices.signal import Kind, Role
from dispatcher.answering import FLASH_S, Standing, Strobe, flash, topic_of, word
from dispatcher.downlink import Downlink
from dispatcher.model import Stage
from dispatcher.storage import supervised
from tests.conftest import NOW
from tests.town import Town


class Recorded:
    """A line that remembers what was said on it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.stale_s: dict[str, int] = {}
        self.is_up = True

    def say(self, topic: str, payload: bytes, stale_s: int = 600) -> bool:
        self.stale_s[topic] = stale_s
        if self.is_up:
            self.said.append((topic, orjson.loads(payload)))
        return self.is_up

    @property
    def words(self) -> list[str]:
        return [body["say"] for _, body in self.said]


def standing(stage: Stage, eta_s: float | None = None) -> Standing:
    eta_at = NOW + timedelta(seconds=eta_s) if eta_s is not None else None
    return Standing(7, 3, stage, eta_at, ("care:kenli/1",))


@pytest.mark.parametrize(
    ("stage", "eta_s", "minutes"),
    [
        (Stage.COVERED, 300, 5),
        (Stage.COVERED, 301, 6),
        (Stage.COVERED, 0, None),  # late: no minutes are better than false ones
        (Stage.COVERED, None, None),
        (Stage.CLAIMED, 300, None),
        (Stage.ON_SCENE, 300, None),
    ],
)
def test_minutes_are_said_only_while_somebody_comes(
    stage: Stage, eta_s: float | None, minutes: int | None
) -> None:
    said = word(standing(stage, eta_s), NOW)
    assert said.get("minutes") == minutes
    assert ("分钟" in said["text"]) == (minutes is not None)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.COVERED])
def test_only_who_said_yes_is_on_the_way(stage: Stage) -> None:
    assert "赶来" not in word(standing(stage), NOW)["text"]


def test_only_our_own_devices_hear_commands() -> None:
    assert topic_of("care:kenli/KL-0001") == "care/kenli/KL-0001/cmd"
    assert topic_of("z2m:0xabc") is None


def test_the_device_hears_each_step_and_that_a_yes_was_taken_back(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line)
    town.resident("王秀英", contacts=("李梅",))
    town.responder("张伟", 300)
    town.press("王秀英")
    assert down.turn(town) == 0  # that it is stored, it has heard already
    town.claim("王秀英")
    down.turn(town)
    town.answer("张伟", "1")
    down.turn(town)
    town.answer("张伟", "2")
    down.turn(town)
    town.close("王秀英")
    down.turn(town)
    assert line.words == ["operator", "coming", "operator", "over"]
    assert {topic for topic, _ in line.said} == {"care/town/王秀英/cmd"}
    assert line.said[1][1]["minutes"] >= 1
    assert down.turn(town) == 0  # said once


def test_what_the_line_does_not_take_waits_and_is_then_what_is_so(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line)
    town.resident("王秀英", contacts=("李梅",))
    town.responder("张伟", 300)
    town.press("王秀英")
    line.is_up = False
    town.answer("张伟", "1")
    assert down.turn(town) == 0
    town.answer("张伟", "2")
    line.is_up = True
    down.turn(town)
    assert "coming" not in line.words, "nobody comes any more"


# ---- a light, for who cannot hear ----

LIGHTS = shipped().lights
SIREN = Strobe("z2m:0x00158d0001020304", "Heiman", "HS2WD-E", "z2m:home17/bridge")


def test_a_strobe_is_told_below_its_hub_without_a_sound_and_for_some_seconds() -> None:
    said = flash(standing(Stage.COVERED), SIREN, LIGHTS)
    assert said is not None
    topic, command = said
    assert topic == "zigbee2mqtt/home17/0x00158d0001020304/set"
    assert command["warning"] == {
        "mode": "stop", "level": "low", "strobe": True, "strobe_duty_cycle": 5, "duration": 8,
    }  # fmt: skip
    named = flash(standing(Stage.CLAIMED), replace(SIREN, key="z2m:home17/hall"), LIGHTS)
    assert named is not None
    assert (named[0], named[1]["warning"]["duration"]) == ("zigbee2mqtt/home17/hall/set", 2)
    dark = flash(standing(Stage.CLOSED), SIREN, LIGHTS)
    assert dark is not None
    assert dark[1]["warning"] == {"mode": "stop", "level": "low", "strobe": False, "duration": 0}
    assert flash(standing(Stage.COVERED), replace(SIREN, vendor="MOES", model="MG-BJQ002"), LIGHTS) == (
        topic,
        {"duration": 8, "alarm": "light"},
    )


def test_nothing_flashes_before_a_human_has_the_case_nor_what_nobody_knows_how_to_tell() -> None:
    assert flash(standing(Stage.RAISED), SIREN, LIGHTS) is None
    assert flash(standing(Stage.COVERED), replace(SIREN, model="HS1SA"), LIGHTS) is None
    assert flash(standing(Stage.COVERED), replace(SIREN, key="lora:1000000000000001"), LIGHTS) is None


def test_what_only_howls_or_does_not_end_by_itself_is_no_light() -> None:
    assert lights.of({"alarm": {"values": [True, False]}, "duration": {"unit": "s"}}) is None
    assert lights.of({"warning": {"features": ["mode", "level"]}}) is None
    assert lights.of({"alarm": {"values": ["light", "off"]}, "duration": {"unit": "min"}}) is None
    assert lights.of({"alarm": {"values": ["light"]}, "duration": {"unit": "s"}}) is None
    assert LIGHTS.find("NEO", "NAS-AB02B2") is None


def test_the_longest_light_is_that_somebody_comes() -> None:
    longest = FLASH_S[Stage.COVERED]
    assert all(seconds < longest for stage, seconds in FLASH_S.items() if stage is not Stage.COVERED)


def install(town: Town, name: str, **more: object) -> None:
    siren = Device(0, SIREN.key, Role.STROBE, town.homes[name], SIREN.vendor, SIREN.model)
    with town.store.write() as connection:
        register.enrol_device(connection, replace(siren, **more))  # type: ignore[arg-type]
        supervised.carried(connection, {siren.key: SIREN.hub_key})


def flashes(line: Recorded) -> list[int]:
    return [body["warning"]["duration"] for topic, body in line.said if topic.endswith("/set")]


def test_the_light_at_home_follows_each_step_and_a_yes_that_was_taken_back(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line, LIGHTS)
    town.resident("王秀英", contacts=("李梅",))
    town.resident("赵玉兰")
    install(town, "王秀英")
    town.responder("张伟", 300)
    town.press("赵玉兰")
    town.claim("赵玉兰")
    down.turn(town)
    assert flashes(line) == [], "nobody called there"
    town.close("赵玉兰")
    town.press("王秀英")
    down.turn(town)
    assert flashes(line) == [], "nobody has it yet"
    town.claim("王秀英")
    down.turn(town)
    town.answer("张伟", "1")
    down.turn(town)
    town.answer("张伟", "2")
    down.turn(town)
    town.close("王秀英")
    down.turn(town)
    assert flashes(line) == [2, 8, 2, 0]
    assert line.stale_s["zigbee2mqtt/home17/0x00158d0001020304/set"] == 20


@pytest.mark.parametrize("change", [{"enabled": False}, {"role": Role.MOTION_SENSOR}])
def test_only_what_is_enrolled_as_a_strobe_and_in_service_flashes(
    town: Town, change: dict[str, object]
) -> None:
    line = Recorded()
    down = Downlink(town.store, line, LIGHTS)
    town.resident("王秀英")
    install(town, "王秀英", **change)
    town.press("王秀英")
    town.claim("王秀英")
    down.turn(town)
    assert flashes(line) == []


def test_a_low_battery_flashes_nowhere(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line, LIGHTS)
    town.resident("王秀英")
    install(town, "王秀英")
    town.say("王秀英", Kind.LOW_BATTERY)
    town.claim("王秀英")
    down.turn(town)
    assert flashes(line) == []
