"""Watches and pendants over TCP: what their frames mean, and what they are answered."""

from __future__ import annotations

import random

import pytest

from devices.formats import BY_NAME, read
from devices.signal import Frame, Reading, Role
from tests.devices.street import Street, words

LK = b"[3G*6907919734*000A*LK,50,3,87]"
AL = b"[3G*6907919734*003e*AL_LTE,170525,214118,V,0,N,0,E,0,0,0,0,0,22,0,0,%s,0,0,0]"
UD = b"[SG*8800000015*%04x*%s]"


class Wrist:
    """A watch on somebody's wrist, and an ear for what becomes of its frames."""

    def __init__(self, street: Street, protocol: str = "watch") -> None:
        self.street = street
        self.protocol = protocol
        self._rest = b""

    def say(self, said: bytes) -> list[Reading]:
        split = BY_NAME[self.protocol].split
        assert split is not None
        frames, self._rest = split(self._rest + said)
        return [self._hear(frame) for frame in frames]

    def _hear(self, payload: bytes) -> Reading:
        frame = Frame("", payload, self.street.now, protocol=self.protocol)
        reading = read(frame, self.street, self.street.levels)
        self.street.levels |= reading.levels
        return reading

    def means(self, said: bytes) -> list[str]:
        return [word for reading in self.say(said) for word in words(reading)]


@pytest.fixture
def wrist(street: Street) -> Wrist:
    street.enrol("watch:6907919734", Role.HELP_BUTTON)
    street.enrol("watch:8800000015", Role.HELP_BUTTON)
    return Wrist(street)


@pytest.fixture
def pendant(street: Street) -> Wrist:
    street.enrol("iw:353456789012345", Role.HELP_BUTTON)
    return Wrist(street, "iw")


def position(type_: str, status: str, battery: int = 80) -> bytes:
    words_ = (
        f"{type_},201126,081530,A,22.570720,N,113.8620167,E,0.00,348.5,0.0,9,100,{battery},0,0,{status},0,0"
    )
    return UD % (len(words_), words_.encode())


@pytest.mark.parametrize(
    "status, meaning",
    [
        (b"00010000", ["sos"]),
        (b"00000000", ["sos"]),
        (b"00010001", ["low_battery", "sos"]),
        (b"00030000", ["low_battery", "sos"]),
        (b"00200000", ["fall"]),
        (b"00400000", ["fall"]),
        (b"00100000", ["tamper"]),
        (b"00040000", ["wander"]),
        (b"00004000", ["mains_failure"]),
        (b"00080000", ["wander clear"]),
        (b"00000004", ["wander clear"]),
        (b"00000080", ["sos"]),
        (b"0000000?", ["sos"]),
    ],
)
def test_every_bit_of_an_alarm_is_heard(wrist: Wrist, status: bytes, meaning: list[str]) -> None:
    (reading,) = wrist.say(AL % status)
    assert words(reading) == meaning
    assert reading.reply == b"[3G*6907919734*0002*AL]"


def test_an_alarm_that_is_said_again_is_one_and_is_answered_again(wrist: Wrist) -> None:
    keys, replies = set(), []
    for _ in range(3):
        (reading,) = wrist.say(AL % b"00010000")
        keys |= {signal.unique_key for signal in reading.signals}
        replies.append(reading.reply)
        wrist.street.pass_time(40)
    assert len(keys) == 1
    assert replies == [b"[3G*6907919734*0002*AL]"] * 3


def test_the_same_words_much_later_are_another_press(wrist: Wrist) -> None:
    (first,) = wrist.say(AL % b"00010000")
    wrist.street.pass_time(360)
    (second,) = wrist.say(AL % b"00010000")
    assert first.signals[0].unique_key != second.signals[0].unique_key


def test_a_watch_that_is_alive_is_told_so(wrist: Wrist) -> None:
    (reading,) = wrist.say(LK)
    assert words(reading) == []
    assert reading.beats[0].battery == 87
    assert reading.reply == b"[3G*6907919734*0002*LK]"


def test_a_watch_that_counts_a_letter_too_many_is_told_so_too(wrist: Wrist) -> None:
    (reading,) = wrist.say(b"[SG*6907919734*0009*LK,0,100]")
    assert (words(reading), reading.reply) == ([], b"[SG*6907919734*0002*LK]")


def test_the_index_that_some_watches_have_comes_back(wrist: Wrist) -> None:
    (reading,) = wrist.say(b"[ZJ*6907919734*0001*0002*LK]")
    assert reading.reply == b"[ZJ*6907919734*0001*0002*LK]"
    (reading,) = wrist.say(b"[CS*6907919734*0003*TKQ]")
    assert reading.reply == b"[CS*6907919734*0003*TKQ]"


def test_a_low_battery_is_one_signal(wrist: Wrist) -> None:
    assert wrist.means(b"[3G*6907919734*0009*LK,50,3,9]") == ["low_battery"]
    wrist.street.pass_time(300)
    assert wrist.means(b"[3G*6907919734*0009*LK,50,3,8]") == []
    assert wrist.means(LK) == ["low_battery clear"]


def test_a_position_repeats_its_bits_and_only_their_edges_are_news(wrist: Wrist) -> None:
    assert wrist.means(position("UD", "00000000")) == []
    wrist.street.pass_time(60)
    assert wrist.means(position("UD", "00010000")) == ["sos"]
    wrist.street.pass_time(60)
    assert wrist.means(position("UD_LTE", "00010000")) == []
    wrist.street.pass_time(60)
    assert wrist.means(position("UD", "00000000")) == ["sos clear"]


def test_the_press_of_an_alarm_is_no_second_one_in_the_position_that_follows(wrist: Wrist) -> None:
    assert wrist.means(position("AL", "00010000")) == ["sos"]
    assert wrist.means(position("UD", "00010000")) == []


def test_a_position_that_is_said_again_too_late_hides_no_press(wrist: Wrist) -> None:
    called, calm = position("UD", "00010000"), position("UD", "00000000")
    assert wrist.means(called) == ["sos"]
    assert wrist.means(calm) == ["sos clear"]
    wrist.say(called)  # the network brings the first one again: the store has it already

    assert wrist.means(calm.replace(b"081530", b"081601")) == []
    assert wrist.means(called.replace(b"081530", b"081640")) == ["sos"]


def test_what_was_kept_while_there_was_no_network_is_marked(wrist: Wrist) -> None:
    assert wrist.means(position("UD2", "00010000")) == ["sos historical"]


def test_an_alarm_says_where_it_was(wrist: Wrist) -> None:
    (reading,) = wrist.say(position("AL", "00010000"))
    assert reading.signals[0].text == "定位 22.57072,113.86202 (WGS-84)"


def test_two_frames_in_a_segment_and_one_in_pieces(wrist: Wrist) -> None:
    both = LK + AL % b"00010000"
    assert [words(each) for each in wrist.say(both)] == [[], ["sos"]]
    for at in range(len(both) - 1):
        assert [words(each) for each in wrist.say(both[at : at + 1])] == ([[]] if at == len(LK) - 1 else [])
    assert wrist.means(both[-1:]) == ["sos"]


def test_brackets_in_a_voice_message_end_nothing(wrist: Wrist) -> None:
    assert wrist.means(b"[3G*6907919734*0008*TK,]][[x" + b"]" + AL % b"00010000") == ["sos"]


@pytest.mark.parametrize(
    "broken",
    [
        b"[3G*6907919734*ffff*AL,1]",
        b"[3G*6907919734*0002*A]",
        b"[3G*6907919734*zz]",
        b"[3G*",
        b"]]]",
        b"hello",
    ],
)
def test_rubbish_hides_no_alarm_that_follows(wrist: Wrist, broken: bytes) -> None:
    readings = wrist.say(broken + AL % b"00010000")
    assert "sos" in [word for reading in readings for word in words(reading)]


def test_what_nobody_understands_of_a_help_button_is_put_before_a_human(wrist: Wrist) -> None:
    assert wrist.means(b"[3G*6907919734*0003*XYZ]") == ["ticket"]
    assert wrist.means(b"[3G*6907919734*00zz*LK]") == ["ticket"]
    assert wrist.means(position("UD", "xyz")) == ["ticket"]


def test_a_stranger_that_calls_for_help_is_heard(street: Street) -> None:
    assert Wrist(street).means(AL % b"00010001") == ["sos"]


ALARM = (
    b"IWAP10080524A2232.9806N11404.9355E000.1061830323.8706000908000502,460,0,9520,3671,%s,zhcn,00,HOME|74#"
)


def test_a_pendant_is_known_by_its_log_in(pendant: Wrist) -> None:
    log_in, alarm = pendant.say(b"IWAP00353456789012345#" + ALARM % b"01")
    assert log_in.reply == b"IWBP00,20261120001530,0#"
    assert [(each.kind, each.device_key) for each in alarm.signals] == [("sos", "iw:353456789012345")]
    assert alarm.reply == b"IWBP10#"
    assert alarm.signals[0].text == "定位 22.54968,114.08226 (WGS-84)"
    assert alarm.signals[0].battery == 80


@pytest.mark.parametrize(
    "sentence, meaning",
    [
        (ALARM % b"00", ["sos"]),
        (ALARM % b"02", ["low_battery"]),
        (ALARM % b"03", ["ticket"]),
        (ALARM % b"04", ["ticket"]),
        (ALARM % b"05", ["fall"]),
        (ALARM % b"06", ["fall"]),
        (ALARM % b"77", ["sos"]),
        (b"IWAP10#", ["sos"]),
        (b"IWAPFD,353456789012345,1712345678#", ["fall"]),
        (b"IWAP03,06000908000102,5555,30#", []),
        (b"IWAP03,06000900900102,5555,30#", ["low_battery"]),
        (b"IWAP49,68#", []),
        (b"TRVYP03190805A1828.9242N07353.9423E000.0150716029.0010000810020201112,404,27,184,10229#", []),
        (
            b"TRVYP14080524A2232.9806N11404.9355E000.1061830323.8706000900900502,460,0,9520,3671#",
            ["low_battery"],
        ),
        (b"TRVYP10080524A2232.9806N11404.9355E000.1061830323.8706000908000502,460,0,9520,3671,00#", ["sos"]),
        (
            b"IWAP14080524A2232.9806N11404.9355E000.1061830323.8706000908000502,460,0,9520,3671,00#",
            ["ticket"],
        ),
        (b"TRVYP1408052#", ["ticket"]),
        (b"IWAPXX,1#", ["ticket"]),
        (b"something else#", ["ticket"]),
    ],
)
def test_what_a_pendant_says(pendant: Wrist, sentence: bytes, meaning: list[str]) -> None:
    pendant.say(b"IWAP00353456789012345#")
    assert pendant.means(sentence) == meaning


def test_the_alarm_of_a_pendant_in_pieces_is_one(pendant: Wrist) -> None:
    pendant.say(b"IWAP00353456789012345#")
    said = ALARM % b"01"
    heard = [word for at in range(len(said)) for word in pendant.means(said[at : at + 1])]
    assert heard == ["sos"]


def test_the_sound_of_a_voice_message_ends_no_sentence(pendant: Wrist) -> None:
    pendant.say(b"IWAP00353456789012345#")
    assert pendant.means(b"IWAP07,20140818064408,6,1,4,#A##" + b"#" + ALARM % b"01") == ["sos"]


def test_who_never_logged_in_is_still_heard(street: Street) -> None:
    assert Wrist(street, "iw").means(ALARM % b"01") == ["sos"]


def test_an_answer_to_a_command_is_not_answered(pendant: Wrist) -> None:
    _, answer = pendant.say(b"IWAP00353456789012345#IWAP12,080835,+491773329827#")
    assert (answer.reply, words(answer)) == (b"", [])


def test_damaged_alarms_are_never_met_with_silence(wrist: Wrist) -> None:
    dice = random.Random(6)
    for _ in range(3000):
        said = bytearray(AL % b"00010000")
        for _ in range(dice.randint(1, 4)):
            said[dice.randrange(15, len(said))] = dice.randrange(256)
        wrist.street.pass_time(1)
        readings = wrist.say(bytes(said) + LK)
        assert any(reading.signals or reading.tickets for reading in readings), bytes(said)


def test_an_alarm_that_tells_too_great_a_length_is_raised_at_its_bracket(wrist: Wrist) -> None:
    """Its end would be awaited for as long as the watch says nothing more."""
    assert wrist.means(b"[3G*6907919734*00ff*AL,170525,214118]") == ["sos"]
    assert wrist.means(LK) == []
    assert wrist.means(b"[3G*6907919734*00ff*AL_LTE,170525,2141") == []
    assert wrist.means(b"18,V]" + LK) == ["sos"]
