"""A SIM modem behind folders: one message is one file, and nothing is removed before it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from dispatcher.channels import Sent, TryLater, Undeliverable
from dispatcher.channels.gammu import GammuSettings, GammuSms
from dispatcher.courier import carry
from dispatcher.model import Lane, MessageState, Recipient
from tests.dispatcher.channels.heard import Heard, until
from tests.dispatcher.channels.modem import Modem
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock

DAUGHTER = "+8613900000001"


@pytest.fixture
def modem(tmp_path: Path) -> Modem:
    return Modem(tmp_path)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def sms(modem: Modem, heard: Heard) -> Iterator[GammuSms]:
    channel = GammuSms(modem.settings(), heard, look_s=3600)  # the tests look when they want to
    yield channel
    channel.close()


def test_a_text_is_a_file_that_the_daemon_can_read(sms: GammuSms, modem: Modem, now: datetime) -> None:
    outcome = sms.send(a_message(now, lane=Lane.FIRST))

    assert isinstance(outcome, Sent)
    [file] = modem.waiting()
    assert file.name.startswith("OUTA20261121_060500_00_+8613900000001_")
    assert file.name.split("_")[3] == DAUGHTER  # where the daemon looks for the number
    assert len(file.name) < 100  # its buffer
    assert len(outcome.provider_id) <= 64
    assert modem.sends(modem.sent) == a_message(now).body
    assert list(modem.outbox.iterdir()) == []


def test_a_persons_alarm_goes_before_what_waits(sms: GammuSms, modem: Modem, now: datetime) -> None:
    sms.send(a_message(now, key="leak", lane=Lane.ORDINARY, body="漏水"))
    sms.send(a_message(now, key="fall", body="跌倒"))

    assert modem.sends(modem.sent) == "跌倒"


def test_the_same_message_is_one_text_however_often_it_is_tried(
    sms: GammuSms, modem: Modem, now: datetime
) -> None:
    first = sms.send(a_message(now))
    again = carry(sms, a_message(now, attempts=2), Clock(now)).outcome
    modem.sends(modem.sent)
    later = sms.send(a_message(now, attempts=3))

    assert first == again == later
    assert modem.waiting() == []


def test_what_the_modem_could_not_send_is_reported_once_and_may_be_tried_again(
    sms: GammuSms, modem: Modem, heard: Heard, now: datetime
) -> None:
    outcome = sms.send(a_message(now))
    assert isinstance(outcome, Sent)
    modem.sends(modem.error)
    sms.look()
    sms.look()

    assert heard.receipts == [(outcome.provider_id, MessageState.FAILED, "gammu-smsd could not send it")]
    assert sms.find(a_message(now)) is None
    sms.send(a_message(now, attempts=2))
    assert len(modem.waiting()) == 1


def test_a_failure_that_overtakes_our_own_record_is_reported_until_it_is_known(
    sms: GammuSms, modem: Modem, heard: Heard, now: datetime
) -> None:
    outcome = sms.send(a_message(now))
    assert isinstance(outcome, Sent)
    modem.sends(modem.error)
    heard.strangers.add(outcome.provider_id)
    sms.look()
    assert list(modem.error.iterdir()) != []

    heard.strangers.clear()
    sms.look()
    assert list(modem.error.iterdir()) == []


def test_an_answer_is_handed_in_when_its_file_is_whole_and_then_removed(
    sms: GammuSms, modem: Modem, heard: Heard
) -> None:
    modem.hears("IN20261121_141000_00_+8613900000001_00.txt", "马")
    sms.look()
    modem.hears("IN20261121_141000_00_+8613900000001_00.txt", "马上到")
    sms.look()
    assert heard.replies == []

    sms.look()
    assert heard.replies == [(DAUGHTER, "马上到", "gammu:IN20261121_141000_00_+8613900000001")]
    assert list(modem.inbox.iterdir()) == []


def test_the_parts_of_a_long_answer_are_one_answer(sms: GammuSms, modem: Modem, heard: Heard) -> None:
    for part, text in enumerate(["我现在在外地,", "请邻居先去看看"]):
        modem.hears(f"IN20261121_141000_00_+8613900000001_0{part}.txt", text)
    modem.hears("IN20261121_141000_01_+8613900000001_00.txt", "2")
    sms.look()
    sms.look()

    assert [body for _, body, _ in heard.replies] == ["我现在在外地,请邻居先去看看", "2"]


def test_nothing_is_removed_before_it_is_stored(sms: GammuSms, modem: Modem, heard: Heard) -> None:
    modem.hears("IN20261121_141000_00_+8613900000001_00.txt", "1")
    sms.look()
    heard.is_away = True
    with pytest.raises(ConnectionError):
        sms.look()
    assert len(list(modem.inbox.iterdir())) == 1

    heard.is_away = False
    sms.look()
    assert [body for _, body, _ in heard.replies] == ["1"]


def test_files_of_others_are_left_alone(sms: GammuSms, modem: Modem, heard: Heard) -> None:
    (modem.inbox / "README").write_text("x")
    (modem.inbox / "IN20261121_141000_00_+861_00.bin").write_bytes(b"x")
    (modem.error / "OUTC20261121_141000_00_+861_sms0.txt").write_text("x")
    for _ in range(3):
        sms.look()

    assert (heard.replies, heard.receipts) == ([], [])
    assert len(list(modem.inbox.iterdir())) == 2


def test_the_folders_are_looked_at_without_being_asked(modem: Modem, heard: Heard) -> None:
    channel = GammuSms(modem.settings(), heard, look_s=0.02)
    modem.hears("IN20261121_141000_00_13900000001_00.txt", "1")
    until(lambda: heard.replies)
    channel.close()

    assert heard.replies[0][:2] == ("13900000001", "1")


def test_a_folder_that_went_away_is_a_reason_to_try_later(sms: GammuSms, modem: Modem, now: datetime) -> None:
    modem.outbox.rmdir()

    assert sms.send(a_message(now)) == TryLater("FileNotFoundError")


def test_no_name_of_a_file_is_made_of_what_is_not_a_number(sms: GammuSms, now: datetime) -> None:
    for phone in ("", "../../etc/x", "+86 139", "abc"):
        assert isinstance(sms.send(a_message(now, to=Recipient("contact:1", "x", phone))), Undeliverable)


def test_without_its_folders_it_does_not_start(tmp_path: Path, heard: Heard) -> None:
    nowhere = GammuSettings(
        gammu_outbox=tmp_path / "no", gammu_sent=tmp_path, gammu_error=tmp_path, gammu_inbox=tmp_path
    )
    with pytest.raises(ValueError, match="gammu-smsd"):
        GammuSms(nowhere, heard)


def test_a_modem_that_takes_nothing_away_is_not_well(sms: GammuSms, now: datetime) -> None:
    assert sms.ailment() == ""
    for number in range(21):
        sms.send(a_message(now, key=f"k{number}"))

    assert sms.ailment() == "21 texts wait for the modem"
