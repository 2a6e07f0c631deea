"""Twilio's SDK against a server that behaves like Twilio on its worse days."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from dispatcher.channels import Outcome, Sent, TryLater, Undeliverable
from dispatcher.channels.twilio import TIMEOUT_S, TwilioSms, TwilioVoice, call_fate, text_fate
from dispatcher.courier import ATTEMPT, LEASE, carry
from dispatcher.model import MessageState
from tests.dispatcher.provider import Provider, running
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock

DAUGHTER = "+8613900000001"


@pytest.fixture
def provider(now: datetime) -> Iterator[Provider]:
    with running(Provider(now)) as started:
        yield started


def sms(provider: Provider) -> TwilioSms:
    return TwilioSms("AC1", "secret", "+15550001", "https://anxin.example/s", provider.url, timeout_s=0.3)


def test_our_own_key_travels_with_the_text_so_that_a_receipt_finds_it(
    provider: Provider, now: datetime
) -> None:
    assert sms(provider).send(a_message(now)) == Sent("SM" + "1".zfill(32))

    [form] = provider.forms
    assert form["StatusCallback"] == "https://anxin.example/s?key=i7.r1.contact%3A1"
    assert (form["To"], form["From"], form["Body"]) == (DAUGHTER, "+15550001", a_message(now).body)


@pytest.mark.parametrize(
    "answer, outcome",
    [
        ((429, 20429), TryLater("HTTP 429, code 20429")),
        ((500, 20500), TryLater("HTTP 500, code 20500")),
        ((503, 20503), TryLater("HTTP 503, code 20503")),
        ((401, 20003), TryLater("HTTP 401, code 20003")),
        ((403, 20403), TryLater("HTTP 403, code 20403")),
        ((404, 20404), TryLater("HTTP 404, code 20404")),
        ((400, 21211), Undeliverable("HTTP 400, code 21211")),
        ((400, 21610), Undeliverable("HTTP 400, code 21610")),
        ("failed", Undeliverable("status failed, code 30003")),
        ("undelivered", Undeliverable("status undelivered, code 30003")),
        ("accepted", Sent("SM" + "1".zfill(32))),
    ],
)
def test_only_what_is_wrong_with_the_number_is_final(
    provider: Provider, now: datetime, answer: tuple[int, int] | str, outcome: Outcome
) -> None:
    provider.answers = [answer]

    assert sms(provider).send(a_message(now)) == outcome


def test_a_provider_that_hangs_is_given_up_in_time(provider: Provider, now: datetime) -> None:
    provider.answers = ["hang"]

    assert sms(provider).send(a_message(now)) == TryLater("ReadTimeout")


def test_a_provider_that_is_not_there_is_tried_later(now: datetime) -> None:
    with running(Provider(now)) as gone:
        channel = sms(gone)

    assert channel.send(a_message(now)) == TryLater("ConnectionError")
    assert channel.find(a_message(now)) is None


def test_asking_and_sending_end_before_an_attempt_counts_as_lost() -> None:
    assert 2 * TIMEOUT_S < ATTEMPT.total_seconds() < LEASE.total_seconds()


@pytest.mark.parametrize("answer", [(500, 20500), "hang", "garbage"])
def test_an_attempt_that_ended_in_doubt_is_asked_about_and_not_sent_twice(
    provider: Provider, now: datetime, answer: tuple[int, int] | str
) -> None:
    provider.answers = [answer]
    first = carry(sms(provider), a_message(now), Clock(now))
    assert isinstance(first.outcome, TryLater)

    second = carry(sms(provider), a_message(now, attempts=2), Clock(now))

    assert second.outcome == Sent("SM" + "1".zfill(32))
    assert len(provider.bodies(DAUGHTER)) == 1


@pytest.mark.parametrize("answer", [(429, 20429), (500, 20500), "hang"])
def test_an_attempt_that_did_not_leave_is_sent_after_asking(
    provider: Provider, now: datetime, answer: tuple[int, int] | str
) -> None:
    provider.answers, provider.took_it = [answer], False
    carry(sms(provider), a_message(now), Clock(now))
    assert provider.bodies(DAUGHTER) == []

    carry(sms(provider), a_message(now, attempts=2), Clock(now))

    assert len(provider.bodies(DAUGHTER)) == 1


def test_a_text_that_failed_before_is_not_taken_for_sent(provider: Provider, now: datetime) -> None:
    provider.answers = ["undelivered"]
    sms(provider).send(a_message(now))

    assert sms(provider).find(a_message(now, attempts=2)) is None


def test_an_alarm_is_rather_sent_than_kept_while_the_provider_cannot_be_asked(
    provider: Provider, now: datetime
) -> None:
    provider.list_is_down = True

    assert sms(provider).find(a_message(now)) is None
    assert isinstance(carry(sms(provider), a_message(now, attempts=2), Clock(now)).outcome, Sent)


def test_neither_numbers_nor_words_reach_the_log(
    provider: Provider, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sms(provider).send(a_message(now))

    assert DAUGHTER not in caplog.text
    assert "王秀英" not in caplog.text


# ---- calls ----


def voice(provider: Provider) -> TwilioVoice:
    return TwilioVoice("AC1", "secret", "+15550001", "https://anxin.example/v", provider.url, timeout_s=0.3)


@pytest.mark.parametrize(
    "answer, outcome",
    [
        ((429, 20429), TryLater("HTTP 429, code 20429")),
        ((500, 20500), TryLater("HTTP 500, code 20500")),
        ((401, 20003), TryLater("HTTP 401, code 20003")),
        ((400, 21211), Undeliverable("HTTP 400, code 21211")),
        ("hang", TryLater("ReadTimeout")),
        ("queued", Sent("CA" + "1".zfill(32))),
    ],
)
def test_a_call_is_refused_as_a_text_is(
    provider: Provider, now: datetime, answer: tuple[int, int] | str, outcome: Outcome
) -> None:
    provider.answers = [answer]

    assert voice(provider).send(a_message(now)) == outcome


@pytest.mark.parametrize("answer", [(500, 20500), "hang"])
def test_a_call_that_was_begun_in_doubt_is_not_made_twice(
    provider: Provider, now: datetime, answer: tuple[int, int] | str
) -> None:
    provider.answers = [answer]
    carry(voice(provider), a_message(now), Clock(now))

    assert carry(voice(provider), a_message(now, attempts=2), Clock(now)).outcome == Sent(
        "CA" + "1".zfill(32)
    )
    assert len(provider.calls) == 1


def test_which_of_two_calls_was_ours_nobody_can_tell(provider: Provider, now: datetime) -> None:
    assert voice(provider).find(a_message(now)) is None
    for _ in range(2):
        voice(provider).send(a_message(now))

    assert voice(provider).find(a_message(now, attempts=2)) is None


def test_a_call_of_an_hour_ago_is_not_taken_for_this_one(provider: Provider, now: datetime) -> None:
    voice(provider).send(a_message(now))

    assert voice(provider).find(a_message(now, attempts=2, created_at=now + timedelta(hours=1))) is None


@pytest.mark.parametrize("channel", [sms, voice])
def test_a_provider_that_cannot_be_asked_knows_nothing(
    provider: Provider, now: datetime, channel: Callable[[Provider], TwilioSms | TwilioVoice]
) -> None:
    taken = a_message(now, provider_id="XX1")
    assert channel(provider).fate(taken) is None  # 404
    provider.list_is_down = True
    assert channel(provider).fate(taken) is None


@pytest.mark.parametrize(
    "status, answered_by, state",
    [
        ("queued", "", MessageState.SENT),
        ("ringing", "", MessageState.SENT),
        ("in-progress", "", MessageState.SENT),
        ("in-progress", "unknown", MessageState.SENT),
        ("in-progress", "human", MessageState.DELIVERED),
        ("completed", "human", MessageState.DELIVERED),
        ("completed", "", MessageState.UNDELIVERABLE),
        ("completed", "unknown", MessageState.UNDELIVERABLE),
        ("completed", "machine_end_beep", MessageState.UNDELIVERABLE),
        ("in-progress", "machine_start", MessageState.UNDELIVERABLE),
        ("in-progress", "fax", MessageState.UNDELIVERABLE),
        ("busy", "", MessageState.UNDELIVERABLE),
        ("no-answer", "", MessageState.UNDELIVERABLE),
        ("failed", "", MessageState.FAILED),
        ("canceled", "", MessageState.FAILED),
    ],
)
def test_only_a_human_counts_as_somebody(status: str, answered_by: str, state: MessageState) -> None:
    known = call_fate(status, answered_by)
    assert known is not None
    assert known.state is state


def test_a_word_that_twilio_did_not_have_is_no_error() -> None:
    assert call_fate("teleported") is None
    assert text_fate("teleported") is None
