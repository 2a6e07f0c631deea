"""Every model of the table, every value that it can report: no alarm is missed, none is made up."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from devices import profiles
from devices.profiles import ANY, as_text
from devices.profiles.zigbee import Definition, Table
from devices.profiles.zigbee.__main__ import Judge
from devices.signal import Reading, Role
from tests.devices.street import Street, words

TABLE = profiles.shipped().table
LIFE = {"sos", "fall", "smoke", "gas", "co"}

# What the converters' documentation says, written down once more and in another way than in the profiles: the
# kind and the words that mean it. Every model that has the property must mean it so, whatever its table says.
MEANS: dict[str, tuple[str, set[object]]] = {
    "sos": ("sos", {True}),
    "sos_alarm": ("sos", {True}),
    "fall_status": ("fall", {"fall_alarm", "fall_warning"}),
    "fall_down_status": ("fall", {"fall", "maybe_fall"}),
    "smoke": ("smoke", {True}),
    "smoke_alarm_1": ("smoke", {True}),
    "smoke_alarm_2": ("smoke", {True}),
    "smoke_state": ("smoke", {"alarm"}),
    "gas": ("gas", {True}),
    "gas_alarm_1": ("gas", {True}),
    "gas_alarm_2": ("gas", {True}),
    "gas_sensor_state": ("gas", {"alarm"}),
    "carbon_monoxide": ("co", {True, "ON"}),
    "carbon_monoxide_alarm_1": ("co", {True}),
    "carbon_monoxide_alarm_2": ("co", {True}),
    "co_state": ("co", {"alarm"}),
    "water_leak": ("leak", {True}),
    "water_leak_alarm_1": ("leak", {True}),
    "water_leak_alarm_2": ("leak", {True}),
    "active_water_leak": ("leak", {True}),
    "water_leakage_state": ("leak", {"water_leakage_yes"}),
    "tamper": ("tamper", {True}),
    "battery_low": ("low_battery", {True}),
    "mains_power_connected": ("mains_failure", {False}),
}
CRIES = {"emergency", "panic", "sos"}
KEYPADS = ("arm_", "exit_delay", "entry_delay", "identify")


class Home:
    """A home with one device, of which each message is the first."""

    def __init__(self, definition: Definition, role: Role) -> None:
        self._definition = definition
        self._role = role

    def hears(self, said: dict[str, object]) -> Reading:
        street = Street()
        street.enrol("z2m:home17/device", self._role, self._definition.vendor, self._definition.model)
        return street.hear("zigbee2mqtt/home17/device", orjson.dumps(said))

    def understands(self, said: dict[str, object]) -> list[str]:
        return [word.removesuffix(" suspected") for word in words(self.hears(said))]


def test_whatever_a_model_can_say_is_understood_as_its_makers_mean_it() -> None:
    for definition in TABLE.definitions:
        home = Home(definition, Role(definition.role or "help_button"))
        heard_life = set()
        for path, values in definition.says.items():
            for value in values:
                heard = home.understands({path: value})
                this = definition.label, path, value, heard
                assert "ticket" not in heard, this
                if path in MEANS:
                    kind, when = MEANS[path]
                    assert (kind in heard) is (value in when), this
                if path == "action" and definition.role == "help_button":
                    arms = definition.model == "SWO-KEF1PA" and value != "panic"
                    assert heard == ([] if arms else what_a_button_calls(value, definition)), this
                assert len(LIFE & set(heard)) <= 1, this
                heard_life |= LIFE & set(heard)
        if definition.role in ("smoke_detector", "co_detector", "gas_detector", "fall_sensor"):
            assert definition.role.split("_")[0] in heard_life, definition.label


# Buttons whose converter says off for a zone status of 0: nobody presses any more. Elsewhere off is a key.
RELEASED = {"HS1EB/HS1EB-E", "SE20-O", "SE21", "IM6001-BTP01", "SNZB-01-KF"}


def what_a_button_calls(action: object, definition: Definition) -> list[str]:
    if action == "disarm":
        return ["cancel"]
    if action == "off" and definition.model in RELEASED:
        return []
    return [] if action in ("", "none") or str(action).startswith(KEYPADS) else ["sos"]


def test_what_a_model_says_beside_calls_nobody() -> None:
    """Meters called `gas`, thresholds called `alarm`, volumes: of a device that is there to save lives."""
    for definition in TABLE.definitions:
        home = Home(definition, Role.SMOKE_DETECTOR)
        for value in (True, False, 3.2, "alarm", "fall", "", [1], {"sos": True}):
            said = dict.fromkeys(definition.silent, value) | {"battery": 80}
            assert home.understands(said) == [], (definition.label, value)


CONVERTED = [
    orjson.loads(line) for line in Path(__file__).with_name("converted.jsonl").read_bytes().splitlines()
]


def test_what_the_converters_make_of_real_alarms_is_understood() -> None:
    """Not what they promise to say but what they say (`converted.mjs`): more than is in the definitions."""
    heard: dict[str, int] = {}
    for line, (vendor, model) in ((each, name) for each in CONVERTED for name in each["models"]):
        definition = TABLE.find(vendor, model)
        said = line["payload"]
        if definition is None:  # a rain gauge, or a name that two models have
            assert not LIFE & {MEANS[path][0] for path in MEANS.keys() & said}, line
            continue
        expected = {
            kind
            for path, (kind, when) in MEANS.items()
            if path in said and said[path] in when and kind in LIFE
        }
        if definition.role == "help_button" and "action" in said:
            expected |= set(what_a_button_calls(said["action"], definition)) & LIFE
        told = Home(definition, Role(definition.role or "help_button")).understands(said)
        life = LIFE & set(told)
        assert expected <= life, line
        assert life - expected <= OWN_WORDS.get(definition.label, set()), line
        assert "ticket" not in told, (line, told)
        for kind in life:
            heard[kind] = heard.get(kind, 0) + 1
    assert set(heard) == {"sos", "smoke", "gas", "co"}, heard
    assert min(heard.values()) >= 5, heard


# Models that call for help in words of their own (`models.toml`).
OWN_WORDS = {
    "Ecolink FFZB1-SM-ECO": {"smoke"},
    "Heiman HM-5HA-E": {"smoke"},
    "MultIR MIR-SM100-E": {"smoke"},
    "Schneider Electric W599001": {"smoke"},
    "CTM Lyng 6254380": {"smoke"},
    "CTM Lyng mkomfy25": {"smoke"},
    "FireAngel ZBCO-AE-10X-EUR": {"co"},
}


def test_the_counts_are_those_that_were_counted_by_hand() -> None:
    """What a search of the package's definitions found before this table was made (5-devices)."""

    def able(path: str, *values: object) -> int:
        return sum(1 for each in TABLE.definitions if set(values) & set(each.says.get(path, ())))

    assert able("action", *CRIES) == 23
    assert able("smoke", True) == 51
    assert able("tamper", True) == 264
    assert able("battery_low", True) == 459
    assert able("water_leak", True) == 73
    assert able("carbon_monoxide", True) == 17
    assert able("gas", True) == 26
    assert able("occupancy", True) == 197


@pytest.mark.parametrize(
    "vendor, model, role, said, expected",
    [
        ("MultIR", "MIR-SM100-E", "smoke_detector", {"alarm_1": True, "alarm_2": True}, ["smoke"]),
        ("Somfy", "1811680", "door_sensor", {"alarm_1": True}, ["door"]),
        ("Third Reality", "3RWK0148Z", "hub", {"alarm_1": True, "battery": 90}, []),
        ("Woox", "R7051", "help_button", {"alarm": True, "battery": 90}, []),
        ("Ecolink", "FFZB1-SM-ECO", "smoke_detector", {"alarm": True}, ["smoke"]),
        ("Bosch", "8750001213", "smoke_detector", {"alarm": "fire", "siren_state": "pre_alarm"}, ["smoke"]),
        ("Bosch", "8750001213", "smoke_detector", {"alarm": "burglar"}, []),
        ("OWON", "FDS315", "fall_sensor", {"status": "falling"}, ["fall"]),
        ("HEIMAN", "HS2FD-EF1-3.0", "fall_sensor", {"fall_status": "fall_warning"}, ["fall suspected"]),
        ("Tuya", "TS0601_bed_presence_sensor", "bed_sensor", {"occupancy": False}, ["bed_exit"]),
        ("Tuya", "TS0601_bed_presence_sensor", "bed_sensor", {"work_state": "presence_5min"}, []),
        ("Tuya", "C3007", "bed_sensor", {"pressure": False}, ["bed_exit"]),
        ("HOBEIAN", "ZG-210Z", "bed_sensor", {"pressure_state": "none"}, ["bed_exit"]),
        ("EZVIZ", "CS-T2C", "door_sensor", {"contact_alarm_1": False, "contact_alarm_2": False}, ["door"]),
        ("EZVIZ", "CS-T2C", "door_sensor", {"contact_alarm_1": True, "contact_alarm_2": False}, []),
        ("TERNCY", "TERNCY-DC01", "door_sensor", {"contact": True}, ["door"]),
        ("TERNCY", "TERNCY-DC01", "door_sensor", {"contact": False}, []),
        ("PushOk Hardware", "POK003", "leak_sensor", {"contact": "ON"}, []),
        ("Develco", "KEYZB-110", "help_button", {"action": "emergency"}, ["sos"]),
        ("frient", "KEYZB-110", "help_button", {"action": "arm_all_zones"}, []),
        ("Develco", "REXZB-111", "hub", {"ac_connected": False}, ["mains_failure"]),
        ("ONOKOM", "TCL-1-ZB-S", "hub", {"ac_connected": "disconnected"}, []),
        ("Tuya", "TS0601_gas_sensor_1", "gas_detector", {"gas": True, "self_test": False}, ["gas"]),
        ("Halo Smart Labs", "HALO+", "smoke_detector", {"halo_alert_state": "weather"}, []),
        ("Aqara", "MFKZQ01LM", "motion_sensor", {"action": "fall"}, []),
    ],
)
def test_models_that_mean_something_of_their_own(
    street: Street, vendor: str, model: str, role: str, said: dict[str, object], expected: list[str]
) -> None:
    street.enrol("z2m:home17/device", Role(role), vendor, model)
    assert street.understood("zigbee2mqtt/home17/device", orjson.dumps(said)) == expected


def test_a_model_is_found_by_every_name_under_which_it_is_sold() -> None:
    assert TABLE.find("frient", "SMSZB-120") is TABLE.find("DEVELCO", "smszb-120")
    assert TABLE.find("", "TS0601_sos") is TABLE.find("Tuya", "TS0601_sos")
    assert TABLE.find("heiman", "hs1eb-e") is TABLE.find("Heiman", "HS1EB/HS1EB-E")
    assert TABLE.find("Tuya", "no such thing") is None
    found = profiles.shipped().profile("Tuya", "TS0601_sos")
    assert found is not None
    assert found.role is Role.HELP_BUTTON


@pytest.mark.parametrize("model", ["YRD426NRSC", "YMC420-W", "MFKZQ01LM", "DJT11LM", "DJT12LM", "JS-SLK2-ZB"])
def test_what_nobody_presses_is_proposed_as_no_button(model: str) -> None:
    found = TABLE.find("", model)
    assert found is not None
    assert found.role == ""
    shaken = TABLE.find("", "WXKG12LM")  # a button all the same
    assert shaken is not None
    assert shaken.role == "help_button"


def test_a_name_that_two_models_have_names_none_of_them() -> None:
    def definition(vendor: str, *also: tuple[str, str]) -> Definition:
        return Definition(vendor, "B1", also, "", {}, frozenset())

    table = Table("1", (definition("Acme"), definition("Bcme", ("Ccme", "B1"))))
    assert table.find("", "B1") is None
    assert table.find("acme", "b1") is table.definitions[0]
    assert table.find("ccme", "b1") is table.definitions[1]


def test_each_judgement_is_about_models_and_properties_that_there_are() -> None:
    """A misspelt model in models.toml would silently judge nothing."""
    judged = profiles.shipped().judged
    by_label = {each.label: each for each in TABLE.definitions}
    for label, rules in judged.of_model.items():
        for rule in rules:
            values = by_label[label].says[rule.path]
            known = rule.means.keys() | rule.idle
            assert ANY in known or {as_text(value) for value in values} <= known, (label, rule.path)
    for label, paths in judged.but.items():
        if label in by_label:
            assert paths <= by_label[label].silent, label
    assert set(judged.roles) <= set(by_label)


def raw(settable: tuple[str, ...] = (), **says: object) -> dict[str, object]:
    return {"vendor": "Acme", "model": "B1", "also": [], "says": says, "settable": list(settable)}


@pytest.mark.parametrize(
    "definition, question",
    [
        (raw(sos_lamp=[True, False]), "Acme B1: sos_lamp = [True, False]"),
        (raw(smoke=[True, False], mood=["good", "bad"]), "Acme B1: mood = ['good', 'bad']"),
        (raw(smoke_state=["alarm", "perhaps"]), "Acme B1: smoke_state = ['alarm', 'perhaps'], and"),
    ],
)
def test_a_new_release_that_says_something_unjudged_is_asked_about(
    definition: dict[str, object], question: str
) -> None:
    judge = Judge(profiles.shipped())
    judge.line(definition)
    (asked,) = judge.open_questions
    assert asked.startswith(question)


def test_what_can_be_set_or_is_no_alarm_by_any_word_raises_no_question() -> None:
    judge = Judge(profiles.shipped())
    assert judge.line(raw(temperature=None, mood=["good", "bad"])) is None
    line = judge.line(
        raw(("siren", "smoke"), smoke=["loud", "soft"], siren=["loud", "soft"], gas=None, sos=[True, False])
    )
    assert judge.open_questions == []
    assert line is not None
    assert (line["role"], line["says"], line["silent"]) == (
        "help_button",
        {"sos": [True, False]},
        "gas|siren|smoke",
    )
