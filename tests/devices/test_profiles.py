"""Every example in every profile, and what a broken profile is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from devices import formats, profiles
from devices.formats import FAMILIES, lorawan
from devices.profiles import Example, ProfileError
from devices.signal import Enrolment, Frame, Role
from tests.devices.envelopes import ENVELOPES, Envelope
from tests.devices.street import Street, words


def examples() -> Iterator[object]:
    shipped = profiles.shipped()
    for profile in shipped.models:
        for number, example in enumerate(profile.examples, 1):
            for envelope in (each for family in sorted(profile.families) for each in ENVELOPES[family]):
                name = f"{profile.vendor} {profile.model} {number} {envelope.family}"
                role = example.role or profile.role
                yield pytest.param(envelope, role, profile.vendor, profile.model, example, id=name)
    for defaults in shipped.defaults.values():
        for number, example in enumerate(defaults.examples, 1):
            for envelope in ENVELOPES[defaults.family]:
                name = f"{defaults.family} {number} {envelope.family}"
                yield pytest.param(envelope, example.role, "", "", example, id=name)


@pytest.mark.parametrize("envelope, role, vendor, model, example", list(examples()))
def test_the_example_means_what_its_file_says(
    street: Street, envelope: Envelope, role: Role | None, vendor: str, model: str, example: Example
) -> None:
    if role is not None:
        street.enrol(envelope.key, role, vendor, model)
    heard = [word for topic, payload in envelope.wrap(example) for word in street.understood(topic, payload)]
    assert sorted(heard, key=_tickets_last) == sorted(example.out, key=_tickets_last)


def _tickets_last(word: str) -> tuple[bool, str]:
    return word == "ticket", word


def test_every_profile_names_families_that_exist() -> None:
    shipped = profiles.shipped()
    known = {family.name for family in FAMILIES} | {lorawan.DIALECT}
    assert {family for profile in shipped.models for family in profile.families} <= known
    assert set(shipped.defaults) <= known


def test_a_model_is_found_whatever_its_capitals_and_without_its_vendor() -> None:
    shipped = profiles.shipped()
    found = shipped.profile("TUYA", "ts0215a_SOS")
    assert found is not None
    assert found.role is Role.HELP_BUTTON
    assert shipped.profile("", "WS101") == shipped.profile("milesight", "ws101")
    assert shipped.profile("HEIMAN", "WS101") is None


def test_a_model_decides_before_its_role_and_the_role_before_the_family() -> None:
    shipped = profiles.shipped()
    radar = shipped.rules("zigbee2mqtt", Enrolment("d", Role.FALL_SENSOR, "OWON", "FDS315"))
    assert radar.by_path["status"].label == "OWON FDS315:status"
    other = shipped.rules("zigbee2mqtt", Enrolment("d", Role.FALL_SENSOR))
    assert other.by_path["status"].label == "zigbee2mqtt/fall_sensor:status"
    assert "status" not in shipped.rules("zigbee2mqtt", None).by_path
    bed = shipped.rules("zigbee2mqtt", Enrolment("d", Role.BED_SENSOR))
    assert bed.by_path["occupancy"].means == {"false": "bed_exit"}


HEAD = 'vendor = "Acme"\nmodel = "B1"\nfamilies = ["zigbee2mqtt"]\nrole = "help_button"\n'
EXAMPLE = '[[example]]\nin = { x = 1 }\nout = ["sos"]\n'


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("vendor = ", "acme.toml: not TOML"),
        (HEAD, "example: Field required"),
        (HEAD.replace("help_button", "toaster") + EXAMPLE, "role: Input should be"),
        (HEAD + "colour = 1\n" + EXAMPLE, "colour: Extra inputs"),
        (HEAD + '[[rule]]\npath = "x"\nmap = { 1 = "soss" }\n' + EXAMPLE, "rule 1, map, 1"),
        (HEAD + '[[rule]]\npath = "x"\nmap = { 1 = "sos" }\nidle = [1]\n' + EXAMPLE, "cannot both be idle"),
        (HEAD + '[[rule]]\npath = "x"\nmap = { "*" = "sos" }\n' + EXAMPLE, "are for nature = 'event'"),
        (HEAD + '[[rule]]\npath = "x[].y"\nmap = { 1 = "sos" }\n' + EXAMPLE, "use nature = 'event'"),
        (HEAD + '[[rule]]\npath = "x"\nmap = { 1 = "sos" }\nsuspected = [2]\n' + EXAMPLE, "is not in map"),
        (HEAD + "[[bytes]]\noctets = { x = { at = 0 } }\n" + EXAMPLE, "else anything would fit"),
        (HEAD + '[[bytes]]\nbegins = "0"\n' + EXAMPLE, "bytes 1, begins"),
        (HEAD + '[[rule]]\npath = "x"\nmap = { 1 = "sos" }\n' * 2 + EXAMPLE, "two rules for 'x'"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_by_file_and_rule(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "acme.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        profiles.load(tmp_path)
    assert "acme.toml" in str(refused.value)
    assert complaint in str(refused.value)


def test_a_model_described_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + EXAMPLE, encoding="utf-8")
    (tmp_path / "b.toml").write_text(HEAD.replace("Acme", "ACME") + EXAMPLE, encoding="utf-8")
    with pytest.raises(ProfileError, match="described twice"):
        profiles.load(tmp_path)


def test_a_profile_may_silence_a_word_of_its_family(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + 'ignore = ["action"]\n' + EXAMPLE, encoding="utf-8")
    (tmp_path / "defaults").mkdir()
    for family in (profiles.SHIPPED / "defaults").glob("*.toml"):
        (tmp_path / "defaults" / family.name).write_text(family.read_text(encoding="utf-8"), encoding="utf-8")
    loaded = profiles.load(tmp_path)
    assert "action" not in loaded.rules("zigbee2mqtt", Enrolment("d", Role.HELP_BUTTON, "Acme", "B1")).by_path
    assert "action" in loaded.rules("zigbee2mqtt", Enrolment("d", Role.HELP_BUTTON, "Acme", "B2")).by_path


ACME = """
vendor = "Acme"
model = "Pull cord 3"
families = ["zigbee2mqtt"]
role = "help_button"

[[rule]]
path = "cord"
map = { pulled = "press" }
idle = ["loose"]

[[example]]
in = { cord = "pulled" }
out = ["sos"]
"""


def test_a_new_model_is_one_file_and_no_python(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    shutil.copytree(profiles.SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    street = Street()
    street.enrol("z2m:bathroom", Role.HELP_BUTTON, "Acme", "Pull cord 3")
    frame = Frame("zigbee2mqtt/bathroom", b'{"cord":"pulled","battery":90}', street.now)

    before = formats.read(frame, street, {}, profiles.load(folder))
    assert words(before) == ["ticket"]  # nobody knows the word yet: a human is asked
    (folder / "acme-pull-cord-3.toml").write_text(ACME, encoding="utf-8")
    loaded = profiles.load(folder)
    assert words(formats.read(frame, street, {}, loaded)) == ["sos"]
    (example,) = next(each for each in loaded.models if each.vendor == "Acme").examples
    assert (example.said, example.out) == ({"cord": "pulled"}, ("sos",))


def test_a_model_goes_before_its_family_and_a_family_before_nothing(tmp_path: Path) -> None:
    shipped = profiles.shipped()
    asked = {
        ("z2m:home17/bridge", Role.HUB): 10,
        ("z2m:0x00158d0001020304", Role.HELP_BUTTON): 1500,
        ("watch:6907919734", Role.HELP_BUTTON): 30,
        ("scaip:123456", Role.HELP_BUTTON): 1440,
        ("care:kenli/KL-0001", Role.HELP_BUTTON): 1500,
        ("care:kenli/HUB-1", Role.HUB): 15,
    }
    for (key, role), minutes in asked.items():
        assert shipped.expected_every(key, role, "", "") == timedelta(minutes=minutes), key
    assert shipped.expected_every("homie:lamp", Role.HELP_BUTTON, "", "") is None
    (tmp_path / "acme.toml").write_text(f"{HEAD}expected_every_min = 720\n{EXAMPLE}", encoding="utf-8")
    shutil.copytree(profiles.SHIPPED / "rhythms", tmp_path / "rhythms")
    own = profiles.load(tmp_path)
    assert own.expected_every("z2m:0x1", Role.HELP_BUTTON, "Acme", "B1") == timedelta(hours=12)
    assert own.expected_every("z2m:0x1", Role.HELP_BUTTON, "Acme", "B2") == timedelta(hours=25)
    (tmp_path / "rhythms" / "families.toml").write_text(
        '[[rhythm]]\nkeys = "z2m:"\nevery_min = 0\nwhy = "x"', encoding="utf-8"
    )
    with pytest.raises(ProfileError, match="families"):
        profiles.load(tmp_path)
