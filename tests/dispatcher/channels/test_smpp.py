"""SMPP: one line for many senders, bound again when it is cut; nothing acknowledged before it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from dispatcher.channels import Sent, TryLater, Undeliverable
from dispatcher.channels.smpp import SmppSettings, SmppSms
from dispatcher.courier import carry
from dispatcher.model import MessageState
from tests.dispatcher.channels.heard import Heard, until
from tests.dispatcher.channels.smsc import PASSWORD, Smsc, bound, running
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock

DAUGHTER = "+8613900000001"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    with running() as started:
        yield started


@pytest.fixture
def sms(smsc: Smsc, heard: Heard) -> Iterator[SmppSms]:
    channel = bound(smsc, heard)
    yield channel
    channel.close()


def test_a_text_leaves_in_chinese_and_its_report_finds_it(
    sms: SmppSms, smsc: Smsc, heard: Heard, now: datetime
) -> None:
    assert sms.send(a_message(now)) == Sent("smpp:00000001")
    assert smsc.arrived(DAUGHTER) == [a_message(now).body]

    smsc.report("00000001", "DELIVRD")
    until(lambda: heard.receipts)
    assert heard.receipts == [("smpp:00000001", MessageState.DELIVERED, "")]


@pytest.mark.parametrize(
    "stat, state",
    [
        ("UNDELIV", MessageState.UNDELIVERABLE),
        ("REJECTD", MessageState.UNDELIVERABLE),
        ("EXPIRED", MessageState.FAILED),
        ("ENROUTE", MessageState.SENT),
    ],
)
def test_every_end_of_a_text_is_known(
    sms: SmppSms, smsc: Smsc, heard: Heard, stat: str, state: MessageState
) -> None:
    del sms
    smsc.report("0000AB", stat, "012", tlv=True)
    until(lambda: heard.receipts)

    assert heard.receipts == [("smpp:0000AB", state, f"{stat} 012")]


def test_a_report_of_a_kind_that_nobody_knows_changes_nothing(sms: SmppSms, smsc: Smsc, heard: Heard) -> None:
    del sms
    smsc.report("00000001", "UNKNOWN")
    smsc.wait("smsc.statuses == [0]")

    assert heard.receipts == []


def test_an_answer_comes_in_and_is_acknowledged_when_it_is_stored(
    sms: SmppSms, smsc: Smsc, heard: Heard
) -> None:
    del sms
    smsc.deliver("8613900000001", "马上到")
    smsc.deliver("13900000002", "1", ton=2)
    smsc.wait("smsc.statuses == [0, 0]")

    assert [(phone, body) for phone, body, _ in heard.replies] == [
        (DAUGHTER, "马上到"),
        ("13900000002", "1"),
    ]
    assert len({key for _, _, key in heard.replies}) == 2


def test_what_cannot_be_stored_is_to_be_delivered_again(sms: SmppSms, smsc: Smsc, heard: Heard) -> None:
    del sms
    heard.is_away = True
    smsc.deliver("8613900000001", "1")
    smsc.wait("smsc.statuses == [0x64]")

    heard.is_away = False
    smsc.deliver("8613900000001", "1")
    smsc.wait("smsc.statuses == [0x64, 0]")
    assert len(heard.replies) == 1


def test_a_long_text_leaves_in_parts_that_belong_together(sms: SmppSms, smsc: Smsc, now: datetime) -> None:
    sms.send(a_message(now, body="长" * 150))

    assert [len(text) for text in smsc.arrived(DAUGHTER)] == [67, 67, 16]
    assert smsc.classes == [0x40] * 3


@pytest.mark.parametrize(
    "status, outcome",
    [
        (0x58, TryLater("status 0x00000058", provider_is_well=True)),
        (0x14, TryLater("status 0x00000014", provider_is_well=True)),
        (0x08, TryLater("status 0x00000008")),
        (0x0B, Undeliverable("status 0x0000000B")),
    ],
)
def test_only_what_is_wrong_with_the_number_is_final(
    sms: SmppSms, smsc: Smsc, now: datetime, status: int, outcome: object
) -> None:
    smsc.answers = [status]

    assert sms.send(a_message(now)) == outcome


def test_an_answer_that_comes_too_late_is_remembered_and_nothing_is_sent_twice(
    sms: SmppSms, smsc: Smsc, now: datetime
) -> None:
    smsc.answers = ["late"]
    assert sms.send(a_message(now)) == TryLater("no answer")

    smsc.say_late()
    until(lambda: sms.find(a_message(now)) is not None)
    again = carry(sms, a_message(now, attempts=2), Clock(now))

    assert again.outcome == Sent("smpp:00000001")
    assert len(smsc.arrived(DAUGHTER)) == 1


def test_a_line_that_is_cut_is_bound_again_and_nobody_waits_for_its_answers(
    sms: SmppSms, smsc: Smsc, now: datetime
) -> None:
    smsc.answers = ["hang"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sms.send, a_message(now))
        smsc.wait("smsc.taken == 1")
        smsc.cut()
        assert waiting.result(60) == TryLater("the line was cut")

    smsc.wait("smsc.binds == 2")
    until(lambda: isinstance(sms.send(a_message(now, key="k2")), Sent))


def test_an_smsc_that_says_nothing_any_more_is_hung_up_on(smsc: Smsc, heard: Heard) -> None:
    channel = bound(smsc, heard, quiet_s=0.05)
    smsc.is_deaf = True
    until(lambda: channel._line is None)

    smsc.is_deaf = False
    smsc.wait("smsc.binds >= 2")
    channel.close()


def test_a_wrong_password_is_no_line_and_a_text_does_not_wait_for_one(
    smsc: Smsc, heard: Heard, now: datetime
) -> None:
    channel = bound(smsc, heard, password="wrong", waits=False)

    assert channel.send(a_message(now)) == TryLater("not bound")
    assert channel.ailment() == "not bound"
    channel.close()
    assert smsc.binds == 0


def test_many_senders_share_the_line(sms: SmppSms, smsc: Smsc, now: datetime) -> None:
    messages = [a_message(now, id=n, key=f"k{n}", body=f"第{n}条") for n in range(40)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(sms.send, messages))

    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Sent)}) == 40
    assert sorted(smsc.arrived(DAUGHTER)) == sorted(message.body for message in messages)
    assert sms.find(messages[7]) == outcomes[7]


def test_the_password_can_not_be_printed() -> None:
    settings = SmppSettings(
        smpp_host="h",
        smpp_system_id="s",
        smpp_password=PASSWORD,
        smpp_source="1",  # type: ignore[arg-type]
    )

    assert PASSWORD not in f"{settings!r} {settings.model_dump_json()}"
