"""The street as a pure function: the same dice, the same evening."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import orjson
import pytest

from devices.signal import Role
from devices.sim import roster, script
from devices.sim.roster import Device, RosterError
from devices.sim.script import Rhythm, Scenario, ScenarioError
from devices.sim.speech import WORDS, Emission, can_say, say
from tests.devices.street import Street, words

STREET = roster.street("kenli")


def heard(emissions: list[Emission], people: roster.Roster = STREET) -> list[tuple[int, str, str]]:
    """What a gateway makes of it: (second, device key, meaning)."""
    street = Street()
    for device in people:
        street.enrol(device.key, device.role, model=device.model)
    told = []
    begun = street.now
    for emission in emissions:
        street.now = begun
        street.pass_time(emission.at)
        reading = street.hear(emission.topic, emission.payload)
        told += [(int(emission.at), each.device_key, f"{each.kind} {each.state}") for each in reading.signals]
        told += [(int(emission.at), each.device_key, "ticket") for each in reading.tickets]
    return told


@pytest.mark.parametrize("name", script.scenarios())
def test_the_same_seed_gives_the_same_evening_and_another_seed_another(name: str) -> None:
    story = script.load(name)
    first = script.script(7, STREET, story)
    assert first
    assert first == script.script(7, STREET, story)
    assert first != script.script(8, STREET, story)
    assert [each.at for each in first] == sorted(each.at for each in first)


@pytest.mark.parametrize("name", script.scenarios())
def test_the_gateway_understands_every_word_of_every_scenario(name: str) -> None:
    assert not [each for each in heard(script.script(7, STREET, script.load(name))) if each[2] == "ticket"]


@pytest.mark.parametrize(
    "name, meanings",
    [
        ("emergency_press", {"sos active": 1}),
        ("press_and_cancel", {"sos active": 1, "cancel active": 1}),
        ("fall_at_night", {"fall active": 1}),
        ("smoke", {"smoke active": 1, "smoke clear": 1}),
        ("hub_dies", {"offline active": 1, "offline clear": 1}),
        ("everybody_at_once", {"sos active": 14}),
    ],
)
def test_a_scenario_tells_its_story(name: str, meanings: dict[str, int]) -> None:
    told = heard(script.script(3, STREET, script.load(name)))
    assert Counter(meaning for *_, meaning in told) == meanings


def test_who_cancels_is_who_pressed() -> None:
    told = heard(script.script(5, STREET, script.load("press_and_cancel")))
    assert [each[0] for each in told] == [0, 15]
    assert len({each[1] for each in told}) == 1


def test_nothing_behind_a_dead_hub_is_heard_until_it_returns() -> None:
    story = script.load("hub_dies")
    emissions = script.script(3, STREET, story)
    (died,) = [each for each in emissions if b"offline" in each.payload]
    base = died.topic.removesuffix("bridge/state")
    behind = [each.at for each in emissions if each.topic.startswith(base) and "bridge" not in each.topic]
    assert min(behind) < 10 or min(behind) >= 300
    assert not [at for at in behind if 10 <= at < 300]
    assert [at for at in behind if at >= 300]
    others = [each.at for each in emissions if not each.topic.startswith(base)]
    assert [at for at in others if 10 <= at < 300]


def test_each_play_befalls_the_next_people_and_begins_at_its_time() -> None:
    story = script.load("emergency_press")
    emissions = script.repeated(1, STREET, story, count=14, rate=2)
    assert [each.at for each in emissions] == [play / 2 for play in range(14)]
    assert len({each.topic for each in emissions}) == 14
    receipts = [each.receipt for each in emissions if each.receipt]
    assert len(set(receipts)) == len(receipts) == 8
    assert {each.at for each in script.repeated(1, STREET, story, count=3, rate=0)} == {0}


def test_a_quiet_street_never_ends_and_never_calls() -> None:
    story = script.load("quiet_street")
    emissions = list(islice(script.endless(1, STREET, story), 3000))
    assert emissions[-1].at > story.length
    assert {meaning for *_, meaning in heard(emissions)} == {"activity active"}


def test_a_story_is_told_faster_and_stays_the_same() -> None:
    story = script.load("silent_since_morning")
    told = script.repeated(1, STREET, story, count=1, rate=0)
    fast = list(script.faster(told, 60))
    assert [(e.topic, e.payload) for e in fast] == [(e.topic, e.payload) for e in told]
    assert fast[-1].at == told[-1].at / 60


def test_who_is_silent_since_the_morning_has_a_sensor_that_lives_on() -> None:
    story = script.load("silent_since_morning")
    told = script.repeated(1, STREET, story, count=1, rate=0)
    moves = [e.at for e in told if b'"occupancy":true' in e.payload]
    assert moves == [0, 600]
    assert max(e.at for e in told) > 3 * 3600
    assert len({e.topic for e in told}) == 1


def test_people_walk_by_day_and_sleep_at_night() -> None:
    story = script.load("quiet_street")
    day = script.script(1, STREET, story)
    night = script.script(1, STREET, story.model_copy(update={"starts": 1.0}))

    def steps(emissions: list[Emission]) -> int:
        return sum(b'"occupancy":true' in each.payload for each in emissions)

    assert steps(night) * 4 < steps(day)
    rhythm = Rhythm(wakes=6, sleeps=21, nap=12.5)
    assert [rhythm.liveliness(hour) for hour in (3, 6, 12.6, 14, 21, 30)] == [0.05, 1.0, 0.15, 1.0, 0.05, 1.0]
    assert Rhythm.of("王秀英", 1) == Rhythm.of("王秀英", 1) != Rhythm.of("李强", 1)


@pytest.mark.parametrize("family", ["native", "zigbee2mqtt", "chirpstack"])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_device_either_has_a_word_that_is_understood_or_says_nothing(
    family: str, role: Role, word: str
) -> None:
    prefix = {"native": "care:kenli/x", "zigbee2mqtt": "z2m:home1/x", "chirpstack": f"lora:{1:016x}"}[family]
    key = "z2m:home1/bridge" if family == "zigbee2mqtt" and role is Role.HUB else prefix
    topic = {"native": "care/kenli/x/signal", "chirpstack": f"application/1/device/{1:016x}/event/up"}.get(
        family, f"zigbee2mqtt/{key.removeprefix('z2m:')}"
    )
    device = Device(key, family, topic, role, model="WS101" if family == "chirpstack" else "")
    emissions = say(device, word, 0, script.Random(1))
    assert bool(emissions) is can_say(device, word)
    meanings = [meaning for *_, meaning in heard(emissions, (device,))]
    expected = {
        "press": ["request active" if role is Role.SERVICE_BUTTON else "sos active"],
        "smoke_over": ["smoke clear"] if family == "native" else [],
        "motion": ["activity active"],
        "go_offline": ["offline active"],
        "come_back": ["offline clear"] if family == "native" else [],
        "heartbeat": [],
    }.get(word, [f"{word} active"])
    assert meanings == (expected if emissions else [])


def test_only_what_a_button_of_ours_must_not_lose_asks_for_a_receipt() -> None:
    button = STREET[0]
    (press,) = say(button, "press", 0, script.Random(1))
    (beat,) = say(button, "heartbeat", 0, script.Random(1))
    assert orjson.loads(press.payload)["id"] == press.receipt
    assert beat.receipt == ""


def test_a_story_that_nobody_can_live_says_what_is_missing() -> None:
    with pytest.raises(ScenarioError, match="nobody in the roster has a smoke_detector that can smoke"):
        script.script(1, STREET[:1], script.load("smoke"))
    with pytest.raises(
        ScenarioError, match=r"no scenario 'flood'; shipped are emergency_press, .*or give a file"
    ):
        script.load("flood")


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("title = ", "not TOML"),
        ('title = "x"\nlength = 1\n', "step: Field required"),
        ('title = "x"\nlength = 0\n[[step]]\ndoes = "press"\nwho = ["hub"]\n', "length"),
        ('title = "x"\nlength = 1\n[[step]]\ndoes = "sing"\nwho = ["hub"]\n', "'sing' is not one of cancel"),
        ('title = "x"\nlength = 1\n[[step]]\ndoes = "press"\nwho = ["cat"]\n', "step.0.who.0"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        script.load(str(path))
    assert complaint in str(refused.value)


def test_a_scenario_of_ones_own_is_played(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('title = "x"\nlength = 9\n[[step]]\ndoes = "test"\nwho = ["smoke_detector"]\n', "utf-8")
    story = script.load(str(path))
    assert isinstance(story, Scenario)
    assert [meaning for *_, meaning in heard(script.script(1, STREET, story))] == ["test active"]


def test_a_roster_needs_only_keys_and_roles(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    entries = [
        {"device_key": "care:kenli/KL-1", "role": "help_button", "resident": "王秀英", "household": None},
        {"device_key": "z2m:0x00158d0001020304", "role": "smoke_detector", "topic": "zigbee2mqtt/h1/smoke"},
        {"device_key": "lora:24e124535b316056", "role": "help_button", "family": "chirpstack"},
    ]
    path.write_bytes(orjson.dumps(entries))
    first, second, third = roster.load(path)
    assert (first.family, first.topic, first.resident) == ("native", "care/kenli/KL-1/signal", "王秀英")
    assert (second.family, second.topic) == ("zigbee2mqtt", "zigbee2mqtt/h1/smoke")
    assert third.topic == "application/1/device/24e124535b316056/event/up"


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("[", "is not JSON"),
        ("[]", "at least one device"),
        ("{}", "must be a JSON list"),
        ("[7]", "entry 1: must be an object"),
        ('[{"device_key": "fax:1", "role": "help_button"}]', "entry 1: device_key 'fax:1' must be care:"),
        ('[{"device_key": "care:kenli/1", "role": "cat"}]', "entry 1: role 'cat' is not one of help_button"),
    ],
)
def test_a_roster_that_makes_no_sense_is_refused_by_entry(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "roster.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RosterError) as refused:
        roster.load(path)
    assert complaint in str(refused.value)


def test_a_missing_roster_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="python -m community roster"):
        roster.load(tmp_path / "none.json")


def test_an_empty_reading_of_the_streets_own_words_would_be_noticed() -> None:
    assert words(Street().hear(STREET[0].topic, b"{}")) == ["ticket"]
