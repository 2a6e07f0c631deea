"""The bytes of a device that have lost some, or have some too many: what was lost may have been the alarm."""

from __future__ import annotations

from base64 import b64decode

import orjson
import pytest

from devices import profiles
from devices.profiles import Example, Profile
from devices.signal import State
from tests.devices.street import Street

EUI = "24e124535b316056"
LAID_OUT = [
    pytest.param(profile, example, id=f"{profile.vendor} {profile.model} {example.data}")
    for profile in profiles.shipped().models
    for example in profile.examples
    if profile.layer.layouts and example.data and profile.role is not None and profile.role.is_life_safety
]


def heard(profile: Profile, data: bytes) -> tuple[set[str], int]:
    """The kinds of its alarms, and how many tickets there are."""
    assert profile.role is not None
    street = Street()
    street.enrol(f"lora:{EUI}", profile.role, profile.vendor, profile.model)
    said = {"cmd": "rx", "EUI": EUI, "fcnt": 2, "port": 6, "ts": 1684478801936, "data": data.hex()}
    reading = street.hear(f"loriot/homes/{EUI}", orjson.dumps(said))
    kinds = {each.kind.value for each in reading.signals if each.state is State.ACTIVE}
    return kinds, len(reading.tickets)


@pytest.mark.parametrize(("profile", "example"), LAID_OUT)
def test_whatever_length_they_have_it_is_the_alarm_or_a_human_looks(
    profile: Profile, example: Example
) -> None:
    whole = b64decode(example.data)
    kinds, _ = heard(profile, whole)
    for data in (*(whole[:length] for length in range(1, len(whole))), whole + b"\0"):
        told, tickets = heard(profile, data)
        if any(each.fits(data) for each in profile.layer.layouts):
            assert told >= kinds, f"{data.hex()} is a report of its own, and says less"
        else:
            assert tickets == 1, data.hex()
            assert told <= kinds


def test_a_press_in_a_short_frame_is_a_press() -> None:
    (r312a,) = (each for each in profiles.shipped().models if each.model == "R312A")
    assert heard(r312a, bytes.fromhex("014d011e010000")) == ({"sos"}, 1)
    assert heard(r312a, bytes.fromhex("014d011e000000")) == (set(), 1)


# Bits of such an octet that say something else, which nobody here reads.
ELSEWHERE = {"Object Locator": 0x1A, "TBWL100": 0xFE, "Origin+": 0x3F, "TG563A": 0xFE, "GS524N": 0xF0}
CALLS = {"sos", "fall", "smoke", "gas", "co", "leak"}


@pytest.mark.parametrize(("profile", "example"), LAID_OUT)
def test_a_bit_that_is_never_set_makes_no_silence_of_an_alarm(profile: Profile, example: Example) -> None:
    """The octet that carries the alarm, damaged: whole and without alarm it is a report of its own."""
    whole = b64decode(example.data)
    kinds, _ = heard(profile, whole)
    layouts = [each for each in profile.layer.layouts if each.fits(whole)]
    for octet in {each for layout in layouts for each in layout.octets.values()}:
        beside = [each.mask for layout in layouts for each in layout.octets.values() if each.at == octet.at]
        known = ELSEWHERE.get(profile.model, 0)
        for mask in beside:
            known |= mask
        for value in range(256):
            data = whole[: octet.at] + bytes([value]) + whole[octet.at + 1 :]
            told, tickets = heard(profile, data)
            if kinds & CALLS and not told and not tickets:
                assert value & ~known == 0, f"{data.hex()} has a bit that its documents do not know"
