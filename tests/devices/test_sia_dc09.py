"""Alarm diallers: what their frames mean, and how they are acknowledged. The frames are built here."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.formats import BY_NAME, read
from devices.formats.sia_dc09 import CONTACT_ID, SIA
from devices.signal import Clock, Frame, Kind, Reading, Role
from tests.devices.street import Street, words

KEY = bytes(range(16))
NOW = "_00:15:30,11-20-2026"


def checksum(said: bytes) -> int:
    """The same sum, worked out another way: bit by bit over the whole message."""
    bits = [octet >> place & 1 for octet in said for place in range(8)]
    register = 0
    for bit in bits:
        register ^= bit
        register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return register


def framed(said: str) -> bytes:
    body = said.encode("latin-1")
    return b"\n%04X%04X" % (checksum(body), len(body)) + body + b"\r"


def dialled(
    data: str, type_: str = "ADM-CID", number: int = 1, more: str = "", account: str = "1234"
) -> bytes:
    return framed(f'"{type_}"{number:04}R1L0#{account}[{data}]{more}')


def sealed(data: str, number: int = 1, key: bytes = KEY, type_: str = "ADM-CID", time: str = NOW) -> bytes:
    said = f"|{data}]{time}".encode()
    said = b"x" * (-len(said) % 16) + said
    body = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor().update(said).hex().upper()
    return framed(f'"*{type_}"{number:04}R1L0#1234[{body}')


class Line:
    """A dialler's line to the centre."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.key = b""

    def say(self, said: bytes) -> Reading:
        frame = Frame("", said, self.street.now, protocol="sia_dc09", key=self.key)
        reading = read(frame, self.street, self.street.levels)
        self.street.levels |= reading.levels
        return reading

    def event(self, code: str, qualifier: int = 1, zone: str = "005") -> list[str]:
        self.street.pass_time(1)
        return words(self.say(dialled(f"#1234|{qualifier}{code} 01 {zone}", number=self.street.now.second)))

    def sia(self, said: str) -> list[str]:
        return words(self.say(dialled(f"#1234|{said}", "SIA-DCS")))


@pytest.fixture
def line(street: Street) -> Line:
    street.enrol("sia:1234", Role.HELP_BUTTON)
    return Line(street)


@pytest.mark.parametrize(
    "code, kind",
    {
        "100": "sos", "101": "sos", "102": "inactivity", "103": "fall", "111": "smoke",
        "120": "sos", "123": "sos", "144": "tamper", "151": "gas", "154": "leak", "162": "co",
        "301": "mains_failure", "302": "low_battery", "338": "low_battery", "384": "low_battery",
        "350": "offline", "381": "offline", "383": "tamper", "601": "test", "641": "inactivity",
    }.items(),
)  # fmt: skip
def test_the_codes_of_contact_id(line: Line, code: str, kind: str) -> None:
    assert line.event(code) == [kind]
    assert line.event(code, qualifier=6) == [kind], "still there"
    assert line.event(code, qualifier=3) == ([] if kind == "test" else [f"{kind} clear"])


def test_codes_that_are_nobodys_alarm(line: Line) -> None:
    assert line.event("602") == []
    assert line.event("406") == ["cancel"]
    assert line.event("401") == ["activity"]
    assert line.event("305") == []


def test_a_code_that_nobody_knows_is_put_before_a_human_and_acknowledged(line: Line) -> None:
    reading = line.say(dialled("#1234|1999 01 005"))
    assert words(reading) == ["ticket"]
    assert reading.reply == framed('"ACK"0001R1L0#1234[]')
    assert line.event("130") == ["ticket"], "burglary is not for us to judge"
    assert line.event("140") == ["sos"], "a general alarm of a help button is a press"


@pytest.mark.parametrize(
    "said, meaning",
    [
        ("Nri1QA5", ["sos"]),
        ("Nri1/MA5", ["sos"]),
        ("Nri01id007PA12", ["sos"]),
        ("Nri01^Flat 3^QA5^Bath ROOM^", ["sos"]),
        ("Nti08:15:30ri1FA2|Afire in the kitchen", ["smoke"]),
        ('NQA1*"SOS"NM', ["sos"]),
        ("Nri1/QR5", ["sos clear"]),
        ("NWA3", ["leak"]),
        ("NGA3", ["gas"]),
        ("NAT0", ["mains_failure"]),
        ("NAR0", ["mains_failure clear"]),
        ("NYT0", ["low_battery"]),
        ("NRX", ["test"]),
        ("NRP0000", []),
        ("NOC1", ["cancel"]),
        ("Nri1/QA5/FA6", ["smoke", "sos"]),
        ("NRP|NFA001", ["smoke"]),
        ("NRP*at noon*NFA001", ["smoke"]),
        ("NRPNFA001", ["smoke"]),
        ("NCL001OPA005", ["activity", "sos historical"]),
        ("NRP NFA001", ["smoke", "ticket"]),
        ("Nri1/NFA001", ["smoke"]),
        ("Nri1/OP001|Nri1/PA005", ["activity", "sos"]),
        ("Nri1/OP001/QA5ri2FA6", ["activity", "smoke", "sos"]),
        ("NFA001|OQA5", ["smoke", "sos historical"]),
        ("NFA001|NORTH WING|NORTH|SMOKE|Npantry", ["smoke"]),
        ("NFA001|NQQ5", ["smoke", "ticket"]),
        ("Nri1/FA001?x", ["smoke", "ticket"]),
        ("NRP|Nri1/FA0x1", ["smoke", "ticket"]),
        ("hello|NFA001", ["smoke", "ticket"]),
        ("OQA5", ["sos historical"]),
        ("NQQ5", ["ticket"]),
        ("Ahello", ["ticket"]),
        ("", ["ticket"]),
    ],
)
def test_the_codes_of_sia(line: Line, said: str, meaning: list[str]) -> None:
    assert line.sia(said) == meaning


def test_an_old_event_is_live_when_its_own_time_says_so(line: Line) -> None:
    assert words(line.say(dialled("#1234|OQA5", "SIA-DCS", more=NOW))) == ["sos"]
    long_ago = "_08:15:28,11-20-2025"
    assert words(line.say(dialled("#1234|OQA5", "SIA-DCS", number=2, more=long_ago))) == ["sos historical"]


def test_no_code_has_two_meanings_and_every_care_kind_has_one() -> None:
    care = {Kind.SOS, Kind.SMOKE, Kind.GAS, Kind.LEAK, Kind.INACTIVITY, Kind.LOW_BATTERY, Kind.MAINS_FAILURE}
    assert care <= set(CONTACT_ID.values())
    assert care <= {meaning for meaning, _ in SIA.values()}
    assert all(len(code) == 3 for code in CONTACT_ID)
    assert all(len(code) == 2 for code in SIA)


def test_a_poll_is_a_sign_of_life_and_is_acknowledged(line: Line) -> None:
    reading = line.say(dialled("", "NULL", number=0))
    assert (words(reading), [beat.device_key for beat in reading.beats]) == ([], ["sia:1234"])
    assert reading.reply == framed('"ACK"0000R1L0#1234[]')


def test_what_is_said_again_is_one_signal_and_acknowledged_again(line: Line) -> None:
    first = line.say(dialled("#1234|1101 01 005"))
    line.street.pass_time(20)
    again = line.say(dialled("#1234|1101 01 005", more=NOW))
    assert {each.unique_key for each in (*first.signals, *again.signals)} == {first.signals[0].unique_key}
    assert again.reply == first.reply == framed('"ACK"0001R1L0#1234[]')


def test_another_number_or_a_number_that_comes_round_is_another_press(line: Line) -> None:
    said = dialled("#1234|1101 01 005")
    keys = {line.say(said).signals[0].unique_key}
    keys.add(line.say(dialled("#1234|1101 01 005", number=2)).signals[0].unique_key)
    line.street.pass_time(300)
    keys.add(line.say(said).signals[0].unique_key)
    assert len(keys) == 3


def test_a_clock_that_is_wrong_is_written_down_and_never_refused(line: Line) -> None:
    reading = line.say(dialled("#1234|1101 01 005", more="_08:00:00,01-01-2000"))
    assert words(reading) == ["sos"]
    assert reading.signals[0].device_time == datetime(2000, 1, 1, 8, tzinfo=UTC)
    assert reading.signals[0].clock is Clock.UNSYNCED
    late = line.say(dialled("#1234|1101 01 005", number=2, more="_00:05:30,11-20-2026"))
    assert late.signals[0].clock is Clock.SKEWED
    on_time = line.say(dialled("#1234|1101 01 005", number=3, more="_00:10:30,11-20-2026"))
    assert on_time.signals[0].clock is Clock.OK
    assert b'"ACK"' in reading.reply
    assert words(line.say(dialled("#1234|1103 01 005", more="_99:99:99,99-99-9999"))) == ["fall"]


def test_a_place_is_told_in_degrees(line: Line) -> None:
    reading = line.say(dialled("#1234|1101 01 005", more="[X006E07.7777777][Y49N06.6666666]"))
    assert "定位 49.11111,6.12963 (WGS-84)" in reading.signals[0].text
    reading = line.say(dialled("#1234|1101 01 005", number=2, more="[X118.5][Y-37.5]"))
    assert "定位 -37.50000,118.50000 (WGS-84)" in reading.signals[0].text


def test_a_zone_speaks_for_itself_when_somebody_enrolled_it(street: Street) -> None:
    street.enrol("sia:1234", Role.HUB)
    street.enrol("sia:1234/5", Role.SERVICE_BUTTON)
    line = Line(street)
    assert line.event("101", zone="005") == ["request"]
    assert line.event("101", zone="006") == ["sos"]
    reading = line.say(dialled("#1234|1101 01 005", number=77))
    assert {beat.device_key for beat in reading.beats} == {"sia:1234", "sia:1234/5"}
    assert line.say(dialled("#1234|1101 01 006", number=78)).signals[0].device_key == "sia:1234"


def test_a_stranger_that_calls_for_help_is_heard(street: Street) -> None:
    reading = Line(street).say(dialled("#9999|1101 01 005", account="9999"))
    assert [each.device_key for each in reading.signals] == ["sia:9999/5"]


@pytest.mark.parametrize("size", [16, 24, 32])
def test_what_is_enciphered_is_answered_enciphered(line: Line, size: int) -> None:
    line.key = bytes(range(size))
    reading = line.say(sealed("#1234|1101 01 005", key=line.key))
    assert words(reading) == ["sos"]
    head, _, body = reading.reply[9:-1].partition(b"[")
    assert head == b'"*ACK"0001R1L0#1234'
    plain = (
        Cipher(algorithms.AES(line.key), modes.CBC(bytes(16)))
        .decryptor()
        .update(bytes.fromhex(body.decode()))
    )
    assert plain[-21:] == b"]_00:15:30,11-20-2026"
    assert reading.reply == framed(reading.reply[9:-1].decode())


def test_an_alarm_in_the_clear_of_an_account_that_enciphers_is_marked(line: Line) -> None:
    line.key = KEY
    assert "明文" in line.say(dialled("#1234|1101 01 005")).signals[0].text
    assert "明文" not in line.say(sealed("#1234|1103 01 005")).signals[0].text


def test_what_is_enciphered_anew_and_said_again_is_one_signal(line: Line) -> None:
    line.key = KEY
    first = line.say(sealed("#1234|1101 01 005"))
    again = line.say(sealed("#1234|1101 01 005", time="_00:15:59,11-20-2026"))
    assert first.signals[0].unique_key == again.signals[0].unique_key


def test_an_enciphered_poll_is_acknowledged(line: Line) -> None:
    line.key = KEY
    assert line.say(sealed("", type_="NULL")).reply[9:].startswith(b'"*ACK"0001')


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(32)])
def test_what_nobody_can_decipher_is_put_before_a_human(line: Line, key: bytes) -> None:
    line.key = key
    reading = line.say(sealed("#1234|1101 01 005"))
    assert words(reading) == ["ticket"]
    assert reading.reply == framed('"DUH"0001R1L0#1234[]')


def test_a_frame_that_was_damaged_is_not_acknowledged_and_its_sender_is_known(line: Line) -> None:
    reading = line.say(dialled("#1234|1101 01 005").replace(b"1101 01", b"1601 01"))
    assert (words(reading), reading.reply) == (["ticket"], b"")
    assert reading.tickets[0].device_key == "sia:1234"


def test_two_frames_in_a_segment_and_one_in_pieces() -> None:
    split = BY_NAME["sia_dc09"].split
    assert split is not None
    one, two = dialled("#1234|1101 01 005"), dialled("", "NULL", number=2)
    assert split(one + two) == ([one, two], b"")
    rest, frames = b"", []
    for octet in one + b"\n" + two:
        found, rest = split(rest + bytes([octet]))
        frames += found
    assert [each.strip() for each in frames] == [one.strip(), two.strip()]
    assert split(b"rubbish" + one[:-4] + two + one) == ([b"rubbish", one[:-4], two, one], b"")
    assert split(b"x" * 5000) == ([b"x" * 5000], b"")


def test_damaged_frames_are_never_met_with_silence(line: Line) -> None:
    dice = random.Random(9)
    whole = dialled("#1234|1101 01 005")
    for _ in range(2000):
        said = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            said[dice.randrange(len(said))] = dice.randrange(256)
        if b"#1234[" in said or b"#1234|" in said:
            line.street.pass_time(1)
            assert line.say(bytes(said)).tickets or line.say(bytes(said)).signals, bytes(said)
