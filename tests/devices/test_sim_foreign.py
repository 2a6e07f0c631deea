"""The simulator's devices of other makers say what the decoders, written apart from it, understand."""

from __future__ import annotations

from pathlib import Path
from random import Random

import orjson
import pytest

from devices import formats
from devices.signal import Frame, Role
from devices.sim import foreign, roster
from devices.sim.roster import Device, RosterError
from devices.sim.speech import WORDS, can_say, say
from tests.devices.street import Street

KEYS = {
    "shelly": "shelly:shellyplus-1",
    "shelly_gen1": "shelly:shellyone-1",
    "tasmota": "tasmota:bridge/cord",
    "esphome": "esphome:bath/cord",
    "traccar": "traccar:6907919734",
    "owntracks": "owntracks:wang/phone",
    "tts": "lora:24e124535b316056",
    "loriot": "lora:24e124535b316056",
    "homie": "homie:kitchen",
    "ha_discovery": "ha:bath/cord/state",
}
MEANINGS = {
    "press": {"sos"},
    "smoke_over": set[str](),
    "motion": {"activity"},
    "go_offline": {"offline"},
    "come_back": set[str](),
    "heartbeat": set[str](),
}


def device(tmp_path: Path, family: str, role: Role, key: str = "") -> Device:
    entry = {"device_key": key or KEYS[family], "role": role.value, "family": family, "model": ""}
    if family in ("tts", "loriot"):
        entry["model"] = "WS101"
    path = tmp_path / "roster.json"
    path.write_bytes(orjson.dumps([entry]))
    (only,) = roster.load(path)
    return only


def meanings(speaker: Device, word: str, seed: int = 1) -> tuple[list[str], set[str], int]:
    """The kinds that a gateway keeps, each unique key once; how many beats."""
    street = Street()
    street.enrol(speaker.key, speaker.role, "Milesight" if speaker.model else "", speaker.model)
    kept: dict[str, str] = {}
    beats = 0
    for said in say(speaker, word, 0, Random(seed)):
        street.pass_time(said.at)
        owner = formats.family(said.topic)
        assert said.topic == speaker.topic or (owner is not None and owner.name == speaker.family)
        frame = Frame(said.topic, said.payload, street.now)
        reading = formats.read(frame, street, street.levels)
        assert not reading.tickets, said
        street.levels |= reading.levels
        beats += len(reading.beats)
        kept |= {each.unique_key: each.kind.value for each in reading.signals if each.state == "active"}
    return sorted(kept.values()), set(kept), beats


@pytest.mark.parametrize("family", sorted(foreign.FAMILIES))
def test_every_word_that_a_device_has_is_understood(tmp_path: Path, family: str) -> None:
    places = {"location"} if family in ("traccar", "owntracks") else set[str]()
    spoken = 0
    for role in (each for each in Role if each is not Role.STAFF_PHONE):  # a stranger to homes: only a place
        key = KEYS[family].partition("/")[0] if role is Role.HUB and family in ("tasmota", "esphome") else ""
        speaker = device(tmp_path, family, role, key)
        for word in sorted(WORDS):
            assert bool(say(speaker, word, 0, Random(1))) is can_say(speaker, word), (role, word)
            if not can_say(speaker, word):
                continue
            spoken += 1
            kinds, _, beats = meanings(speaker, word)
            expected = (
                {"request"} if (word, role) == ("press", Role.SERVICE_BUTTON) else MEANINGS.get(word, {word})
            )
            assert kinds == sorted(expected | places), (role, word)  # and each of them once
            assert beats or word == "go_offline", (role, word)
    assert spoken >= len(Role) - 1


@pytest.mark.parametrize("family", sorted(foreign.FAMILIES - {"owntracks", "homie"}))
def test_every_family_has_a_button_and_no_press_is_taken_for_another(tmp_path: Path, family: str) -> None:
    speaker = device(tmp_path, family, Role.HELP_BUTTON)
    first, second = meanings(speaker, "press", 1), meanings(speaker, "press", 2)
    assert first[0].count("sos") == second[0].count("sos") == 1
    if family not in (
        "tasmota",
        "esphome",
        "ha_discovery",
    ):  # they tell neither a number nor a time: the clock does
        assert not first[1] & second[1]


def test_a_button_behind_a_hub_is_its_component(tmp_path: Path) -> None:
    speaker = device(tmp_path, "shelly", Role.HELP_BUTTON, "shelly:hub-1/bthomedevice:200")
    assert speaker.topic == "hub-1/events/rpc"
    assert meanings(speaker, "press")[0] == ["sos"]


def test_a_family_speaks_only_of_devices_with_its_keys(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="must be care:"):
        device(tmp_path, "tts", Role.HELP_BUTTON, "z2m:cord")
