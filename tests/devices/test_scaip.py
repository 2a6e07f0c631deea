"""Carephones: what their requests mean, and how they are answered."""

from __future__ import annotations

import random
import re

import pytest

from devices.formats import read
from devices.formats.meaning import EMERGENCY
from devices.formats.scaip import DEVICES, STATES
from devices.signal import Frame, Reading, Role
from tests.devices.street import Street, words

STORED = b'<?xml version="1.0" encoding="UTF-8"?><mrs><ref>%s</ref><snu>%d</snu></mrs>'


class Phone:
    """A carephone in somebody's hall, controller 123456."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self._ref = 0

    def say(self, said: bytes) -> Reading:
        frame = Frame("", said, self.street.now, protocol="scaip")
        reading = read(frame, self.street, self.street.levels)
        self.street.levels |= reading.levels
        return reading

    def request(self, ref: str = "", **fields: str) -> Reading:
        self._ref += 1
        told = {"ref": ref or f"r{self._ref}", "cid": "123456"} | fields
        return self.say(
            "".join(f"<{tag}>{value}</{tag}>" for tag, value in told.items())
            .join(["<mrq>", "</mrq>"])
            .encode()
        )

    def means(self, dty: str, stc: str = "", **fields: str) -> list[str]:
        return words(self.request(dty=dty, **({"stc": stc} if stc else {}), **fields))


@pytest.fixture
def phone(street: Street) -> Phone:
    street.enrol("scaip:123456", Role.HELP_BUTTON)
    return Phone(street)


@pytest.mark.parametrize(
    "dty, kind",
    [
        ("0002", "sos"), ("0003", "sos"), ("0004", "sos"), ("0005", "fall"), ("0006", "sos"), ("0048", "sos"),
        ("0010", "inactivity"), ("0012", "bed_exit"), ("0014", "door"), ("0015", "wander"), ("0021", "gas"),
        ("0023", "smoke"), ("0025", "smoke"), ("0026", "co"), ("0033", "leak"), ("0038", "tamper"),
    ],
)  # fmt: skip
def test_an_alarm_is_what_its_device_is(phone: Phone, dty: str, kind: str) -> None:
    assert phone.means(dty) == [kind]
    assert phone.means(dty, "0009") == [kind]
    assert phone.means(dty, "0010") == [kind if kind in EMERGENCY else "sos"], "somebody pressed it"
    assert phone.means(dty, "0070") == [f"{kind} clear"]


@pytest.mark.parametrize(
    "stc, meaning",
    [
        ("0016", ["low_battery"]),
        ("0019", ["cancel"]),
        ("0023", ["offline"]),
        ("0085", ["mains_failure"]),
        ("0086", ["mains_failure clear"]),
        ("0102", ["test"]),
        ("0125", ["tamper"]),
        ("0777", ["ticket"]),
    ],
)
def test_the_state_decides_over_the_device(phone: Phone, stc: str, meaning: list[str]) -> None:
    assert phone.means("0003", stc) == meaning


def test_the_public_sample_is_a_press_of_a_help_button(street: Street, phone: Phone) -> None:
    sample = b"<mrq><ref>1234</ref><cid>123456</cid><dty>0001</dty><stc>001</stc></mrq>"
    reading = phone.say(sample)
    assert (words(reading), reading.reply) == (["sos"], STORED % (b"1234", 0))
    street.enrol("scaip:123456", Role.DOOR_SENSOR)
    assert words(phone.say(sample.replace(b"1234<", b"1235<"))) == ["ticket"]
    street.enrol("scaip:123456", Role.HUB)  # of its own pendants: a carephone
    assert words(phone.say(sample.replace(b"1234<", b"1236<"))) == ["sos"]


def test_the_same_reference_is_one_signal_and_answered_again(phone: Phone) -> None:
    first, again = (phone.request(ref="77", dty="0003") for _ in range(2))
    assert first.signals[0].unique_key == again.signals[0].unique_key
    assert again.reply == first.reply == STORED % (b"77", 0)
    phone.street.pass_time(600)
    assert phone.request(ref="77", dty="0003").signals[0].unique_key != first.signals[0].unique_key


def test_a_reset_only_asks(phone: Phone) -> None:
    phone.request(ref="77", dty="0003")
    assert words(phone.request(ref="77", dty="0003", mty="RE")) == ["cancel"]


def test_information_about_an_alarm_is_none_and_somebody_looks_at_it(phone: Phone) -> None:
    assert phone.means("0003", mty="IN") == ["ticket"]
    assert phone.means("0003", "0010", mty="IN") == ["ticket"]
    assert phone.means("0003", "0016", mty="IN") == ["low_battery"]
    assert phone.means("0003", "0010", mty="ME") == ["sos"]
    assert phone.means("0003", "0010", mty="MX") == ["ticket"]


def test_a_ping_is_a_sign_of_life(phone: Phone) -> None:
    reading = phone.request(ref="9", dty="0002", mty="PI")
    assert (words(reading), [beat.device_key for beat in reading.beats]) == ([], ["scaip:123456"])
    assert reading.reply == STORED % (b"9", 0)


def test_a_pendant_speaks_for_itself_when_somebody_enrolled_it(phone: Phone) -> None:
    phone.street.enrol("scaip:123456/2", Role.SERVICE_BUTTON)
    assert phone.means("0003", did="2") == ["request"]
    assert phone.request(dty="0003", did="3").signals[0].device_key == "scaip:123456"


def test_words_and_places_come_along(phone: Phone) -> None:
    reading = phone.request(dty="0003", stt="Knapp", lte="Bad", lge="<geo>59.3,18.0</geo>")
    assert reading.signals[0].text == "Knapp, Bad, 59.3,18.0"


def test_latin_1_hides_no_alarm(phone: Phone) -> None:
    said = "<mrq><ref>1</ref><cid>123456</cid><dty>0003</dty><lte>Kök</lte></mrq>".encode("latin-1")
    assert words(phone.say(said)) == ["sos"]


def test_the_other_form_is_answered_in_its_own(phone: Phone) -> None:
    reading = phone.say(b"<scaip><ref>5</ref><cid>123456</cid><dty>0005</dty></scaip>")
    assert words(reading) == ["fall"]
    assert reading.reply.endswith(b"<scaip><ref>5</ref><snu>0</snu></scaip>")


@pytest.mark.parametrize(
    "said, status",
    [
        (b"<mrq><ref>8</ref><cid>123456</cid></mrq>", 7),
        (b"<mrq><ref>8</ref><cid>123456</cid><dty>0003</mrq>", 2),
        (b"<!DOCTYPE mrq [<!ENTITY a 'b'>]><mrq><ref>8</ref><cid>123456</cid><dty>&a;</dty></mrq>", 2),
        (b"<mrq><ref>8</ref><cid>123456</cid><dty>0003</dty><dty>0102</dty></mrq>", 3),
        (b"<mrq><ref>8</ref><cid>123456</cid><dty>0003</dty><ite>" + b"x" * 5000 + b"</ite></mrq>", 1),
        (b"<other><ref>8</ref><cid>123456</cid></other>", 2),
    ],
)
def test_what_cannot_be_read_is_put_before_a_human_and_answered_as_what_it_is(
    phone: Phone, said: bytes, status: int
) -> None:
    reading = phone.say(said)
    assert (words(reading), reading.tickets[0].device_key) == (["ticket"], "scaip:123456")
    assert reading.reply == STORED % (b"8", status)


def test_a_whole_message_of_sip_is_read_too(phone: Phone) -> None:
    body = b"<mrq><ref>1</ref><cid>123456</cid><dty>0003</dty></mrq>"
    assert words(
        phone.say(b"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    ) == ["sos"]


def test_a_stranger_that_calls_for_help_is_heard(street: Street) -> None:
    assert Phone(street).means("0003") == ["sos"]


def test_no_code_has_two_meanings() -> None:
    assert not set(DEVICES) & {""}
    assert all(re.fullmatch(r"[1-9]\d{0,3}", code) for code in (*DEVICES, *STATES))


def test_damaged_requests_are_never_met_with_silence(phone: Phone) -> None:
    dice = random.Random(5)
    whole = b"<mrq><ref>1234</ref><cid>123456</cid><dty>0003</dty><stc>0010</stc></mrq>"
    for _ in range(2000):
        said = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            said[dice.randrange(len(said))] = dice.randrange(256)
        if b"<cid>123456</cid>" in said:
            phone.street.pass_time(1)
            reading = phone.say(bytes(said))
            assert reading.signals or reading.tickets, bytes(said)
            assert reading.reply
