"""What devices/README.md says of models and words is what the decoders do."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import orjson
import pytest

from devices import coverage, profiles
from devices.coverage.page import page
from devices.coverage.vocabulary import NOTHING, Vocabulary, documented, taken
from devices.formats.lorawan import DIALECT
from devices.profiles import Profile
from devices.signal import Role
from tests.devices.street import Street

KNOWN = profiles.shipped()
LORAWAN = [each for each in KNOWN.models if DIALECT in each.families]
ALARMS = {
    Role.HELP_BUTTON: "sos",
    Role.SMOKE_DETECTOR: "smoke",
    Role.GAS_DETECTOR: "gas",
    Role.CO_DETECTOR: "co",
    Role.FALL_SENSOR: "fall",
    Role.LEAK_SENSOR: "leak",
    Role.DOOR_SENSOR: "door",
    Role.MOTION_SENSOR: "activity",
}


def test_the_page_is_made_from_what_is_there() -> None:
    readme = Path(coverage.__file__).parents[1] / "README.md"
    assert readme.read_text(encoding="utf-8") == page(KNOWN), "python -m devices.coverage"


@pytest.mark.parametrize("vocabulary", documented(), ids=lambda each: each.of)
def test_each_documented_word_is_taken_for_something_or_says_nothing_for_a_reason(
    vocabulary: Vocabulary,
) -> None:
    for word, reason in vocabulary.all():
        meaning = taken(vocabulary, word, KNOWN)
        assert (meaning == NOTHING) is bool(reason), (word, meaning, reason)


def test_no_word_is_judged_twice() -> None:
    for vocabulary in documented():
        words = [word for word, _ in vocabulary.all()]
        assert len(words) == len(set(words)), vocabulary.of


@pytest.mark.parametrize("profile", LORAWAN, ids=lambda each: f"{each.vendor} {each.model}")
def test_each_model_is_heard_at_its_worst_and_says_who_published_its_words(profile: Profile) -> None:
    assert profile.source
    assert profile.role is not None
    said = [example for example in profile.examples if (example.role or profile.role) is profile.role]
    assert any(ALARMS[profile.role] in example.out for example in said)


def test_a_model_is_known_by_the_names_that_network_servers_give_it() -> None:
    for brand, model, name in (
        ("milesight-iot", "ws101", "WS101"),
        ("yobiiq", "sd-1001", "SD1001"),
        ("netvox", "r312", "R312A"),
        ("", "lw006-sb", "LW006-SB"),
        ("RAKwireless", "RAK-7201", "RAK7201"),
        ("Milesight IoT", "ws101", "WS101"),
    ):
        found = KNOWN.profile(brand, model)
        assert found is not None, model
        assert found.model == name
    assert KNOWN.profile("Dragino", "WS101") is None
    assert KNOWN.profile("netvox", "r312ab") is None


def test_bytes_of_a_button_without_a_codec_are_a_press_or_before_a_human(street: Street) -> None:
    """`010a01…`, whatever the type: the version, the type, 1 for a status; 3.0 V; pressed."""
    street.enrol("lora:24e124535b316056", Role.HELP_BUTTON, "Netvox", "R312A")

    def says(octets: str) -> list[str]:
        said = {"deduplicationId": octets, "data": b64encode(bytes.fromhex(octets)).decode()}
        return street.understood("application/1/device/24e124535b316056/event/up", orjson.dumps(said))

    assert says("014d011e01000000000000") == ["sos"]
    assert says("014d011e00000000000000") == []
    assert says("014d011e02000000000000") == ["ticket"], "neither pressed nor not"
    assert says("014d011e") == ["ticket"], "cut off before it says"
    assert says("024d011e01000000000000") == ["ticket"], "another version"
    assert says("ff") == ["ticket"]


def test_a_battery_that_its_device_calls_low_is_low_until_it_was_changed(street: Street) -> None:
    street.enrol("lora:24e124535b316056", Role.HELP_BUTTON, "Netvox", "R312A")

    def says(volt: str) -> list[str]:
        said = f'{{"object":{{"Device":"R312A","Volt":{volt},"Alarm":0}},"fCnt":{len(street.levels)}}}'
        return street.understood("application/1/device/24e124535b316056/event/up", said)

    assert says("3") == []
    assert says('"2.6(low battery)"') == ["low_battery"]
    assert says('"2.5(low battery)"') == []
    assert says("2.5") == []  # it hovers
    assert says("3") == ["low_battery clear"]  # a new cell of three volts, which 2.4 is far from
    assert says('"2.6(perhaps)"') == ["ticket"]


def test_heat_is_fire_where_somebody_enrolled_a_fire_detector() -> None:
    announced = '{"state_topic":"kitchen/state","device_class":"heat"}'
    for role, expected in ((Role.SMOKE_DETECTOR, ["smoke"]), (Role.MOTION_SENSOR, [])):
        home = Street()
        home.enrol("ha:kitchen/state", role)
        home.understood("homeassistant/binary_sensor/kitchen/config", announced, retained=True)
        assert home.understood("kitchen/state", "ON") == expected
