"""`anxin.py decode`: one line in, one line out, whatever the line."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from devices.formats import BY_NAME
from devices.formats.family import Family
from devices.profiles import Profiles, shipped
from devices.signal import Beat, Frame, Levels, Reading, Registry
from gateway.decode import Decoder
from tests.devices.test_sia_dc09 import KEY, dialled, sealed

CALL = "<mrq><ref>1234</ref><cid>123456</cid><dty>0003</dty><stc>0010</stc></mrq>"

ROOT = Path(__file__).parents[2]
SOS: Mapping[str, object] = {"kind": "sos", "state": "active"}
HEARTBEAT: Mapping[str, object] = {"kind": "heartbeat", "state": "active"}
BUTTON = {"vendor": "Tuya", "model": "TS0215A_sos", "role": "help_button"}


class Noon:
    """A clock that stands still: what differs between two lines is not the time."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)


class Desk:
    """Somebody who asks, line by line."""

    def __init__(self) -> None:
        self._decoder = Decoder(shipped(), Noon())

    def ask(self, line: object, **more: object) -> dict[str, Any]:
        if isinstance(line, dict):
            line = orjson.dumps(line | more)
        assert isinstance(line, bytes)
        (answer,) = self._decoder.answers([line])
        told = orjson.loads(answer)
        assert isinstance(told, dict)
        assert b"\n" not in answer
        return told

    def answers(self, lines: list[bytes]) -> list[bytes]:
        return list(self._decoder.answers(lines))

    def ended(self) -> list[bytes]:
        return list(self._decoder.ended())

    def zigbee(
        self, payload: str, device: object = BUTTON, name: str = "x", **more: object
    ) -> dict[str, Any]:
        said = {"session": "a", "protocol": "zigbee2mqtt", "topic": f"zigbee2mqtt/{name}", "payload": payload}
        return self.ask(said | {"retain": False, "qos": 1, "device": device} | more)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_press_is_answered_in_exactly_these_words(desk: Desk) -> None:
    assert desk.zigbee('{"action":"emergency"}') == {
        "session": "a",
        "signals": [{"kind": "sos", "state": "active"}],
        "tickets": [],
        "reply": None,
    }


def test_two_lines_are_two_presses_however_fast_they_are_read(desk: Desk) -> None:
    for _ in range(3):
        assert desk.zigbee('{"action":"emergency"}')["signals"] == [SOS]


def test_what_carries_its_own_id_is_one_signal_however_often_it_comes(desk: Desk) -> None:
    said = {"session": 7, "protocol": "native", "topic": "care/kenli/b1/signal", "device": BUTTON}
    said |= {"payload": '{"v":1,"id":"7f3a","type":"press"}'}
    assert desk.ask(said) == {
        "session": 7,
        "signals": [SOS],
        "tickets": [],
        "reply": '{"id":"7f3a","stored":true}',
    }
    again = desk.ask(said, dup=True)
    assert (again["signals"], again["reply"]) == ([], '{"id":"7f3a","stored":true}')
    assert desk.ask(said, session=8)["signals"] == [SOS]


def test_levels_live_as_long_as_their_session(desk: Desk) -> None:
    detector = {"role": "smoke_detector"}
    smoke = {"kind": "smoke", "state": "active"}
    assert desk.zigbee('{"smoke":true}', detector)["signals"] == [smoke]
    assert desk.zigbee('{"smoke":true}', detector)["signals"] == [HEARTBEAT]
    assert desk.zigbee('{"smoke":false}', detector)["signals"] == [{"kind": "smoke", "state": "clear"}]
    assert desk.zigbee('{"smoke":true}', detector, session="b")["signals"] == [smoke]


def test_marks_are_shown_only_where_they_hold(desk: Desk) -> None:
    detector = {"role": "smoke_detector"}
    assert desk.zigbee('{"smoke":true}', detector, retain=True)["signals"] == [
        {"kind": "smoke", "state": "active", "retained": True}
    ]
    assert desk.zigbee('{"fall_down_status":"maybe_fall"}', {"role": "fall_sensor"})["signals"] == [
        {"kind": "fall", "state": "active", "suspected": True}
    ]


def test_a_message_that_says_nothing_but_alive_is_a_heartbeat(desk: Desk) -> None:
    assert desk.zigbee("{}", {"role": "hub"}, name="bridge/health")["signals"] == [HEARTBEAT]
    assert desk.zigbee('{"battery":87}')["signals"] == [HEARTBEAT]
    assert desk.zigbee('{"battery":87}', retain=True)["signals"] == []


def test_a_device_that_the_line_does_not_enrol_is_a_stranger(desk: Desk) -> None:
    assert desk.zigbee('{"action":"single"}')["signals"] == [SOS]
    assert desk.zigbee('{"action":"single"}', None)["signals"] == [HEARTBEAT]
    assert desk.zigbee('{"action":"sos"}', None)["signals"] == [SOS]


def test_a_model_without_a_role_has_the_one_that_it_is_sold_as(desk: Desk) -> None:
    assert desk.zigbee('{"action":"hold"}', {"vendor": "HEIMAN", "model": "HS1EB"})["signals"] == [SOS]


@pytest.mark.parametrize(
    "device, said",
    [
        ({"vendor": "Yale", "model": "YRD426NRSC", "role": "lock"}, '{"action":"auto_lock"}'),
        ({"vendor": "Yale", "model": "YRD426NRSC"}, '{"action":"auto_lock"}'),
        ({"vendor": "Aqara", "model": "MFKZQ01LM", "role": "cube"}, '{"action":"fall"}'),
        ({"vendor": "HEIMAN", "model": "HS1EB", "role": "toaster"}, '{"action":"single"}'),
    ],
)
def test_what_nobody_calls_a_button_is_none(desk: Desk, device: dict[str, object], said: str) -> None:
    assert desk.zigbee(said, device)["signals"] == [HEARTBEAT]


@pytest.mark.parametrize(
    "called, said, kind",
    [
        ("fall_radar", '{"fall_status":"fall_alarm"}', "fall"),
        ("bed", '{"occupancy":false}', "bed_exit"),
        ("sos_pendant", '{"action":"single"}', "sos"),
        ("gateway", '{"occupancy":true}', "activity"),
    ],
)
def test_a_role_may_be_called_as_others_call_it(desk: Desk, called: str, said: str, kind: str) -> None:
    assert desk.zigbee(said, {"role": called})["signals"] == [{"kind": kind, "state": "active"}]


def test_what_nobody_can_read_is_a_ticket_with_its_reason(desk: Desk) -> None:
    answer = desk.zigbee('{"action":"emer')
    assert answer["signals"] == []
    (reason,) = answer["tickets"]
    assert "not JSON" in reason


def test_a_property_with_a_topic_of_its_own_is_read(desk: Desk) -> None:
    assert desk.zigbee("emergency", name="home17/bedside/action")["signals"] == [SOS]
    assert desk.zigbee("87", name="home17/bedside/battery")["signals"] == [HEARTBEAT]
    assert len(desk.zigbee("nonsense", name="bedside")["tickets"]) == 1
    assert len(desk.zigbee("nonsense", name="home17/bedside")["tickets"]) == 1


@pytest.mark.parametrize(
    "line, complaint",
    [
        (b"", "Invalid JSON"),
        (b"nonsense", "Invalid JSON"),
        (b"[]", "the line"),
        (b'{"session":"a"}', "protocol: Field required"),
        (b'{"session":"a","protocol":"smoke signals","payload":""}', "'smoke signals' is not one of native"),
        (b'{"session":"a","protocol":"native"}', "payload_b64"),
        (b'{"session":"a","protocol":"native","payload":"","payload_b64":""}', "payload_b64"),
        (b'{"session":"a","protocol":"native","payload_b64":"%%%"}', "payload_b64"),
        (b'{"session":"a","protocol":"native","payload":"","topic":"x/y"}', "topic 'x/y' is none of care/"),
        (b'{"session":"a","protocol":"native","payload":"","received_at":"2026-11-20"}', "received_at"),
        (b'{"session":"a","protocol":"native","payload":"' + b" " * 2**20 + b'"}', "a line may have"),
    ],
)
def test_a_wrong_line_gets_an_error_that_says_what_to_change(desk: Desk, line: bytes, complaint: str) -> None:
    answer = desk.ask(line)
    assert complaint in answer.pop("error")
    session = "a" if b'"session":"a"' in line else None
    assert answer == {"session": session, "signals": [], "tickets": [], "reply": None}


def _each_line_a_frame(stream: bytes) -> tuple[list[bytes], bytes]:
    *frames, rest = stream.split(b"\n")
    return frames, rest


def _say_it_back(frame: Frame, registry: Registry, _: Levels, __: Profiles) -> Reading:
    if frame.payload == b"end the decoder":
        raise IndexError
    known = registry.find(f"echo:{frame.payload.decode()}")
    return Reading(beats=(Beat("echo", frame.received_at),) if known else (), reply=frame.payload + b"!\xff")


@pytest.fixture
def echo(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A family that speaks over a socket and is answered there."""
    monkeypatch.setitem(BY_NAME, "echo", Family("echo", (), _say_it_back, _each_line_a_frame))
    return desk


def test_a_frame_in_two_pieces_is_one_and_two_frames_in_one_piece_are_two(echo: Desk) -> None:
    line = {"session": "a", "protocol": "echo", "device": BUTTON}
    assert echo.ask(line, payload="on")["reply"] is None
    assert echo.ask(line, payload="two", session="b")["reply"] is None  # a session is a connection
    answer = echo.ask(line, payload="e\ntwo\nthr")
    assert (answer["signals"], answer["reply"]) == ([HEARTBEAT] * 2, "one!\xfftwo!\xff")
    assert echo.ask(line, payload="ee\n")["reply"] == "three!\xff"


@pytest.mark.parametrize(
    "device, sender, is_enrolled",
    [
        ({"account": "1234"}, "1234/7", True),
        ({"account": "#1234"}, "1234", True),
        ({"account": 1234}, "1235/7", False),
        ({"controller_id": "AB"}, "ab/3", True),
        ({"controller_id": "AB"}, "abc/3", False),
        ({"component": "input:0"}, "plus/input:0", True),
        ({"component": "input:0"}, "home/plus/input:0", True),
        ({"component": "input:0"}, "plus/input:1", False),
        ({"component": "input:0"}, "plus", False),
        ({}, "anybody", True),
    ],
)
def test_a_line_enrols_no_more_than_the_part_it_names(
    echo: Desk, device: dict[str, object], sender: str, is_enrolled: bool
) -> None:
    line = {"protocol": "echo", "payload": f"{sender}\n", "device": device | {"role": "help_button"}}
    assert echo.ask(line)["signals"] == [HEARTBEAT] * is_enrolled


def test_a_decoder_that_fails_costs_one_line_and_no_more(echo: Desk) -> None:
    line = {"session": "a", "protocol": "echo"}
    assert echo.ask(line, payload="end the decoder\n")["error"] == "a decoder failed: IndexError"
    assert echo.ask(line, payload="go on\n")["reply"] == "go on!\xff"


def test_the_command_answers_line_by_line() -> None:
    """The real process: whoever asks may wait for each answer before it asks again."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.decode"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(2):
        process.stdin.write(
            b'{"protocol":"zigbee2mqtt","topic":"zigbee2mqtt/x","payload":"{\\"action\\":\\"sos\\"}"}\n'
        )
        process.stdin.flush()
        assert orjson.loads(process.stdout.readline())["signals"] == [SOS]
    rest, _ = process.communicate(b"nonsense")
    assert b'"error"' in rest
    assert process.returncode == 0


def test_an_enciphered_call_is_read_with_the_key_of_its_line_and_acknowledged(desk: Desk) -> None:
    call = sealed("#1234|1101 01 005", 7)
    line: dict[str, object] = {"protocol": "sia_dc09", "payload_b64": b64encode(call).decode()}
    device: dict[str, object] = {"account": "1234", "role": "help_button"}
    without = desk.ask(line, session="a", device=device)
    assert (without["signals"], len(without["tickets"])) == ([], 1)
    assert '"DUH"' in without["reply"]
    heard = desk.ask(line, session="b", device=device | {"key": KEY.hex()})
    assert (heard["signals"], heard["tickets"]) == ([SOS], [])
    assert '"*ACK"0007' in heard["reply"]
    assert "key" in desk.ask(line, device=device | {"key": "not hexadecimal"})["error"]


@pytest.mark.parametrize(
    "device, payload, protocol, topic",
    [
        ({"role": "alarm_panel"}, '{"action":"emergency"}', "zigbee2mqtt", "zigbee2mqtt/x"),
        ({"vendor": "Acme", "model": "unheard of"}, '{"sos":true}', "zigbee2mqtt", "zigbee2mqtt/x"),
        ({}, '{"action":"panic"}', "zigbee2mqtt", "zigbee2mqtt/x"),
        ({"account": "1234"}, dialled("1101 01 005").decode(), "sia_dc09", ""),
        ({"controller_id": "123456"}, CALL, "scaip", ""),
    ],
)
def test_who_is_of_no_role_that_anybody_knows_is_heard_as_a_stranger_and_put_before_a_human(
    desk: Desk, device: dict[str, object], payload: str, protocol: str, topic: str
) -> None:
    answer = desk.ask({"protocol": protocol, "topic": topic, "payload": payload, "device": device})
    assert answer["signals"] == [SOS]
    (doubt,) = answer["tickets"]
    assert "is not one of help_button" in doubt


@pytest.mark.parametrize(
    "called, said",
    [("carephone", "press"), ("keypad", "press"), ("tracker", "press"), ("radar", "fall")],
)
def test_what_stands_in_for_a_button_or_a_fall_sensor_is_one(desk: Desk, called: str, said: str) -> None:
    payload = '{"action":"single"}' if said == "press" else '{"fall_status":"fall_alarm"}'
    answer = desk.zigbee(payload, {"role": called})
    kind = "sos" if said == "press" else "fall"
    assert (answer["signals"], answer["tickets"]) == ([{"kind": kind, "state": "active"}], [])


@pytest.mark.parametrize(
    "session", ["123456789012345678901234567890", "-9223372036854775809", "1e3", '"\\ud800"']
)
def test_no_session_ends_the_command(desk: Desk, session: str) -> None:
    said = f'{{"session":{session},"protocol":"native","topic":"x/y","payload":""}}'
    (answer,) = desk.answers([said.encode()])
    assert b'"error"' in answer
    assert desk.zigbee('{"action":"sos"}')["signals"] == [SOS]


def test_a_number_that_names_a_session_comes_back_as_it_was(desk: Desk) -> None:
    number = "123456789012345678901234567890"
    line = f'{{"session":{number},"protocol":"zigbee2mqtt","topic":"zigbee2mqtt/x","payload":"{{}}"}}'
    (answer,) = desk.answers([line.encode()])
    assert f'"session":{number},'.encode() in answer


@pytest.mark.parametrize("topic", ["n/binary_sensor/x/state", "home/n/binary_sensor/x/state"])
def test_a_line_without_a_component_enrols_the_whole_node(desk: Desk, topic: str) -> None:
    line = {"protocol": "esphome", "topic": topic, "payload": "ON", "device": {"role": "help_button"}}
    assert desk.ask(line)["signals"] == [SOS]
    assert desk.ask(line, topic=topic.replace("binary_sensor", "climate"))["tickets"] != []


def test_a_contact_that_is_the_other_way_round_is_read_so(desk: Desk) -> None:
    pad = {"role": "bed_sensor", "inverted": True}
    assert desk.zigbee('{"contact":true}', pad)["signals"] == [{"kind": "bed_exit", "state": "active"}]


def test_a_line_without_a_component_enrols_the_tasmota_itself_or_what_is_behind_it(desk: Desk) -> None:
    state = '{"Time":"2026-11-22T10:00:00","Uptime":"0T00:10:12","POWER":"OFF","Wifi":{"SSId":"home"}}'
    line = {"protocol": "tasmota", "device": {"role": "smoke_detector"}}
    for name in ("b", "home/b"):
        heard = desk.ask(line, topic=f"tele/{name}/STATE", payload=state, session=name)
        assert (heard["signals"], heard["tickets"]) == ([HEARTBEAT], [])
        fire = desk.ask(line, topic=f"tele/{name}/SENSOR", payload='{"Switch1":"ON"}', session=name)
        assert fire["signals"] == [{"kind": "smoke", "state": "active"}]
    behind = '{"ZbReceived":{"0x1":{"Name":"kitchen","Fire":1}}}'
    fire = desk.ask(line, topic="tele/b/SENSOR", payload=behind, session="c")
    assert fire["signals"] == [{"kind": "smoke", "state": "active"}]


def test_what_is_null_was_not_said(desk: Desk) -> None:
    device = {"role": "help_button", "component": None, "account": None, "vendor": None}
    assert desk.zigbee('{"action":"single"}', device, received_at=None)["signals"] == [SOS]
    line = {"protocol": "watch", "topic": None, "payload": "[3G*6907919734*0002*LK]"}
    assert desk.ask(line)["signals"] == [HEARTBEAT]


def test_the_end_of_the_input_ends_a_frame_that_broke_off(desk: Desk) -> None:
    watch = {"protocol": "watch", "device": {"role": "help_button"}}
    assert desk.ask(watch, session="a", payload="[3G*6907919734*00ff*AL,170525,2141")["signals"] == []
    assert desk.ask(watch, session="b", payload="[3G*6907919734*0002*LK]")["signals"] == [HEARTBEAT]
    pendant = {"protocol": "iw", "device": {}, "payload": "IWAP00353456789012345#"}
    assert desk.ask(pendant, session="c")["signals"] == [HEARTBEAT], "its name is kept, and says nothing"
    (last,) = (orjson.loads(each) for each in desk.ended())
    assert (last["session"], last["signals"]) == ("a", [SOS])
    assert list(desk.ended()) == []


def test_the_button_of_a_carephone_calls_for_help_though_it_is_enrolled_as_a_hub(desk: Desk) -> None:
    said = "<mrq><ref>1234</ref><cid>123456</cid><dty>0001</dty><stc>001</stc></mrq>"
    answer = desk.ask({"protocol": "scaip", "payload": said, "device": {"role": "hub"}})
    assert (answer["signals"], answer["tickets"]) == ([SOS], [])


def test_a_bridge_without_a_word_around_its_devices_is_a_bridge(desk: Desk) -> None:
    fire = '{"0x1":{"Device":"0x1","Name":"k","Fire":1,"Endpoint":1,"LinkQuality":3}}'
    line = {"protocol": "tasmota", "topic": "tele/zb/SENSOR", "device": {"role": "smoke_detector"}}
    assert desk.ask(line, payload=fire)["signals"] == [{"kind": "smoke", "state": "active"}]


@pytest.mark.parametrize("name", [True, False, None, 7, 2**60, "a", "王秀英"])
def test_a_session_comes_back_as_it_was_written(desk: Desk, name: object) -> None:
    line = {"session": name, "protocol": "zigbee2mqtt", "topic": "zigbee2mqtt/x"}
    for said in (line | {"payload": '{"smoke":true}'}, line):  # and so does that of a line that is wrong
        (answer,) = desk.answers([json.dumps(said).encode()])
        told = json.loads(answer)["session"]
        assert (told, type(told)) == (name, type(name))


def test_what_is_true_is_no_one(desk: Desk) -> None:
    detector = {"role": "smoke_detector"}
    for name in (True, 1):
        assert desk.zigbee('{"smoke":true}', detector, session=name)["signals"][0]["kind"] == "smoke"


_ROLES = ("help_button", "smoke_detector", "motion_sensor")


@pytest.mark.parametrize("role", _ROLES)
@pytest.mark.parametrize(
    ("protocol", "topic", "there", "gone"),
    [
        ("zigbee2mqtt", "zigbee2mqtt/x/availability", '{"state":"online"}', '{"state":"offline"}'),
        ("zigbee2mqtt", "zigbee2mqtt/home17/x/availability", "online", "offline"),
        ("tasmota", "tele/x/LWT", "Online", "Offline"),
        ("tasmota", "tele/home17/x/LWT", "Online", "Offline"),
        ("shelly", "x/online", "true", "false"),
        ("shelly_gen1", "shellies/x/online", "true", "false"),
        ("esphome", "x/status", "online", "offline"),
        ("homie", "homie/x/$state", "ready", "lost"),
        ("homie", "homie/5/x/$state", "sleeping", "disconnected"),
    ],
)
def test_who_is_gone_is_missed_and_who_is_there_is_no_riddle(
    desk: Desk, role: str, protocol: str, topic: str, there: str, gone: str
) -> None:
    line = {"protocol": protocol, "topic": topic, "retain": True, "device": {"role": role}}
    for said, kind in ((gone, "offline"), (there, "offline")):
        answer = desk.ask(line, payload=said)
        assert [each["kind"] for each in answer["signals"]] == [kind], "away, and then away no longer"
        assert answer["tickets"] == []


@pytest.mark.parametrize("role", _ROLES)
@pytest.mark.parametrize(
    ("protocol", "topic"),
    [
        *(
            ("zigbee2mqtt", f"zigbee2mqtt/{command}")
            for command in ("x/set", "x/get", "x/set/state", "x/get/state", "x/left/set", "home17/x/set")
        ),
        ("tasmota", "cmnd/x/POWER"),
        ("tasmota", "cmnd/home17/x/Backlog"),
        ("shelly", "x/rpc"),
        ("shelly", "x/command/switch:0"),
        ("shelly_gen1", "shellies/x/relay/0/command"),
        ("esphome", "x/switch/siren/command"),
        ("homie", "homie/x/siren/on/set"),
        ("homie", "homie/5/x/siren/on/set"),
        ("native", "care/kenli/x/cmd"),
    ],
)
def test_what_a_device_is_told_is_no_word_of_its_own(
    desk: Desk, role: str, protocol: str, topic: str
) -> None:
    line = {"protocol": protocol, "topic": topic, "device": {"role": role}}
    for said in ('{"action":"emergency","smoke":true,"occupancy":true}', "ON", ""):
        answer = desk.ask(line, payload=said)
        assert (answer["signals"], answer["tickets"]) == ([], [])


@pytest.mark.parametrize("name", ["home17/x", "set/x", "availability", "availability/x", "x/left"])
def test_a_name_that_only_looks_reserved_is_heard(desk: Desk, name: str) -> None:
    assert desk.zigbee('{"action":"emergency"}', name=name)["signals"] == [SOS]
    assert desk.zigbee("single", name=f"{name}/action")["signals"] == [SOS]
