"""What the rules about devices say, as tables: who is there, what is a test, what is told, who may what."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from types import ModuleType

from community import logins
from devices.formats.rights import Rights
from devices.profiles import shipped
from devices.signal import Beat, Kind, Reading, Role, Signal, State
from dispatcher.absence import Gap
from dispatcher.model import Stage
from tests.conftest import NOW

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
KEYS = (
    *(
        "care:kenli/KL-1",
        "care:kenli",
        "care:kenli/",
        "care:kenli/a/b",
        "care:+/KL-1",
        "care:kenli/#",
        "care: x/y",
    ),
    *(
        "z2m:bridge",
        "z2m:home17/bridge",
        "z2m:home17/button",
        "tasmota:kitchen/0xCBA4",
        "tasmota:",
        "homie:a",
    ),
    *("owntracks:wang/phone", "shelly:a/b/input:0", "shelly:a/b", "shelly:$CONTROL/x", "shelly:care/x"),
    *(
        "esphome:node/sensor",
        "esphome:care",
        "lora:1000000000000001",
        "care:kenli/a\ntopic write #",
        "owntracks:a\nb",
    ),
)


def who_is_there(rules: ModuleType) -> object:
    """A device at every border of its silence; whose matter it is; and when it is the network's."""
    presences = tuple(rules.Presence)
    looked = []
    for presence, heard, hub_back, away in product(
        presences, (None, 0.0, 1.0, 3.0), (None, -1.0, 2.0), (False, True)
    ):
        one = rules.Supervised(
            1, "care:x/1", Role.HELP_BUTTON, "", 5,
            None if heard is None else NOW + heard * HOUR, HOUR, presence, NOW + HOUR, NOW,
            hub_is_away=away, hub_back_at=None if hub_back is None else NOW + hub_back * HOUR,
        )  # fmt: skip
        for hours in (-1, 1.25, 2.25, 3, 4.25, 5.25, 9):
            for off in (timedelta(0), SECOND):
                now = NOW + hours * HOUR - off
                looked.append((str(rules.look(one, (), now)[0]), rules.look(one, (Gap(NOW, now),), now)))
    beats = [rules.every(role, said, usual) for role in Role for said in (None, 60) for usual in (None, HOUR)]
    return (
        looked,
        beats,
        _matters(rules),
        [rules.is_network(n, m) for n in (9, 10, 20, 200) for m in (9, 50, 51, 1001)],
    )


def _matters(rules: ModuleType) -> object:
    def gone(id: int, **more: object) -> object:
        about = {"role": Role.HELP_BUTTON, "label": "", "household_id": id, "heard_at": NOW, "every": HOUR}
        about |= {"presence": rules.Presence.DOWN, "since": NOW, "awaited_at": NOW}
        return rules.Supervised(id, f"care:x/{id}", **(about | more))

    sets = [
        [gone(1), gone(2, household_id=1), gone(3)],
        [gone(1, heard_at=None), gone(2, household_id=1)],
        [gone(id, heard_at=None) for id in range(9)],
        [gone(id, heard_at=None) for id in range(10)],
        [gone(1, role=Role.HUB), gone(2, role=Role.DOOR_SENSOR), gone(3, household_id=None)],
        [gone(1, hub_is_away=True), gone(2, hub_back_at=NOW), gone(3, hub_back_at=NOW - SECOND)],
        [],
    ]
    return [
        [
            (
                one.household_id,
                [device.id for device in one.devices],
                int(one.severity),
                one.behind,
                one.is_network,
                one.is_new,
            )
            for one in rules.matters(devices, network=network, at_risk={1, 2}, behind={1: 4})
        ]
        for devices in sets
        for network in (False, True)
    ]


def what_is_a_test(rules: ModuleType) -> object:
    """Which alarms of a device that is being tried are tests, and which of another are not."""
    until = {"care:x/1": NOW + HOUR}
    found = []
    for kind, state, at, old in product(Kind, State, (HOUR - SECOND, HOUR), (False, True)):
        said = Signal("care:x/1", kind, "1", NOW + at, state, retained=old)
        tried: set[str] = set()
        first = rules.as_test(Reading((said,), (Beat("care:x/1", NOW),)), until, tried)
        again = rules.as_test(Reading((said,)), until, tried)
        found.append(
            (kind.value, state.value, [one.test for one in (*first.signals, *again.signals)], sorted(tried))
        )
    stranger = rules.as_test(Reading((Signal("care:x/2", Kind.SOS, "1", NOW),)), until, set())
    return found, stranger.signals[0].test, rules.as_test(Reading(), {}, set())


def what_is_told_at_home(rules: ModuleType) -> object:
    """Words and light of each stage, with somebody on the way and without."""
    lights = shipped().lights
    strobes = [
        rules.Strobe(key, "Heiman", model, hub)
        for key in ("z2m:0x00158d0001020304", "z2m:home17/hall", "lora:1000000000000001")
        for model in ("HS2WD-E", "HS1SA")
        for hub in ("", "z2m:home17/bridge")
    ]
    told = []
    for stage, eta in product(Stage, (None, -SECOND, timedelta(0), SECOND, 61 * SECOND)):
        standing = rules.Standing(7, 3, stage, None if eta is None else NOW + eta, ())
        told.append(
            (rules.word(standing, NOW), [rules.flash(standing, strobe, lights) for strobe in strobes])
        )
    return told, [rules.topic_of(key) for key in KEYS]


def what_flashes(rules: ModuleType) -> object:
    """What definitions with such settings are told."""
    whole = {"mode", "strobe", "duration"}
    words = (["light", "off"], ["alarm_light", "normal"], ["light"], ["off"], ["sound", "off"])
    gives = [{"warning": {"features": sorted(whole - {left})}} for left in (*sorted(whole), "")]
    gives += [
        {"alarm": {"values": some}, name: {"unit": unit}}
        for some in words
        for name in ("duration", "alarm_time", "volume")
        for unit in ("s", "min")
    ]
    lights = [light for given in gives if (light := rules.of(given)) is not None]
    return [rules.of(given) for given in gives], [
        rules.Light(**one).told(s) for one in lights for s in (0, 1, 8)
    ]


def what_is_usual(rules: ModuleType) -> object:
    """How often devices of two families are to be heard."""
    rhythms = (
        rules.Rhythm("a:", Role.HUB, HOUR),
        rules.Rhythm("a:", None, 2 * HOUR),
        rules.Rhythm("ab:", None, SECOND),
    )
    return [
        rules.usual(rhythms, key, role)
        for key in ("a:1", "ab:1", "b:a:1")
        for role in (Role.HUB, Role.BED_SENSOR)
    ]


def what_a_key_gives(rules: ModuleType) -> object:
    """The topics of each key: its own, and nobody else's."""
    return [(sorted(found.says), sorted(found.hears), bool(found)) for found in map(rules.rights, KEYS)]


def what_is_written(rules: ModuleType) -> object:
    """The files of the broker for two logins, with a network server and an administrator there before."""
    rights = Rights(frozenset({"care/a/signal"}), frozenset({"care/a/cmd"}))
    known = logins.hashed("secret", b"salt")
    ours = [rules.Login("KL-1", known, rights), rules.Login("KL-2", known, rights)]
    old = {"username": "KL-1", "roles": [{"rolename": "device:KL-1"}]}
    gone = {"username": "KL-9", "roles": [{"rolename": "device:KL-9"}]}
    taken = {"username": "KL-2", "roles": [{"rolename": "other"}]}
    admin = {"username": "admin", "roles": [{"rolename": "admin"}]}
    before = {
        "clients": [old, gone, taken, admin],
        "roles": [{"rolename": "device:KL-1"}, {"rolename": "admin"}],
    }
    commands = [
        (told := rules.told("KL-1", may_enter=enters)["commands"][0]) and (told["command"], told["username"])
        for enters in (False, True)
    ]
    return (
        rules.passwords(ours, "traccar:x\nstranger:y\n"),
        rules.access_list(ours, "user traccar\ntopic write events\n\nuser other\ntopic read #\n"),
        rules.dynamic_security(ours, before),
        commands,
        [_usable(rules, name) for name in ("KL-1", "traccar", "a:b", "", "-x", "x" * 64, "x" * 65)],
        [rules.by_hand("KL-1", may_enter=enters) for enters in (False, True)],
    )


def _usable(rules: ModuleType, name: str) -> bool:
    try:
        rules.require_usable(name)
    except Exception as refused:  # noqa: BLE001 - of the mutant's own class
        return not str(refused)
    return True
