"""Aliyun's and Tencent Cloud's SMS: signed as they publish it, and honest on their worse days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from dispatcher.channels import Ailing, Channel, Fate, Outcome, Reporting, Sent, TryLater, Undeliverable
from dispatcher.channels import aliyun as ali
from dispatcher.channels import tencent as qq
from dispatcher.channels.http import ANSWER_S, CONNECT_S
from dispatcher.courier import ATTEMPT, carry
from dispatcher.model import Message, MessageState, Purpose
from tests.dispatcher.channels import clouds
from tests.dispatcher.channels.clouds import SECRET, Cloud
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock

DAUGHTER = "+8613900000001"
SAID = {"who": "王奶奶", "time": "14:05", "what": "按了紧急按钮"}


@dataclass
class Account:
    """One provider with its stand-in, and the words it has for things."""

    channel: Channel
    cloud: Cloud
    too_often: str
    wrong_number: str
    out_of_money: str


@pytest.fixture(params=["aliyun", "tencent"])
def account(request: pytest.FixtureRequest, now: datetime) -> Iterator[Account]:
    if request.param == "aliyun":
        with clouds.running(clouds.aliyun) as cloud:
            channel = clouds.aliyun_at(cloud, now)
            yield Account(
                channel,
                cloud,
                "isv.BUSINESS_LIMIT_CONTROL",
                "isv.MOBILE_NUMBER_ILLEGAL",
                "isv.AMOUNT_NOT_ENOUGH",
            )
            channel.close()
    else:
        with clouds.running(clouds.tencent) as cloud:
            other = clouds.tencent_at(cloud, now)
            yield Account(
                other,
                cloud,
                "LimitExceeded.PhoneNumberThirtySecondLimit",
                "InvalidParameterValue.IncorrectPhoneNumber",
                "FailedOperation.InsufficientBalanceInSmsPackage",
            )
            other.close()


def raised(now: datetime, **more: object) -> Message:
    return a_message(now, **{"variables": SAID, **more})


# ---- their published examples ----


@pytest.mark.parametrize(
    "at, nonce, signature",
    [
        (
            datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
            "3156853299f313e23d1673dc12e1703d",
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
        ),
        (
            datetime(2023, 10, 26, 9, 1, 1, tzinfo=UTC),
            "d410180a5abf7fe235dd9b74aca91fc0",
            "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
        ),
    ],
)
def test_aliyuns_published_example_is_signed_as_published(at: datetime, nonce: str, signature: str) -> None:
    query = ali.canonical_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    signed = ali.signed_headers(
        "YourAccessKeyId",
        "YourAccessKeySecret",
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query=query,
        nonce=nonce,
        now=at,
    )

    assert signed["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        f"Signature={signature}"
    )


@pytest.mark.parametrize(
    "secret, signs_action, signature",
    [
        (
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            False,
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
        ),
        # As printed today, key and all: the asterisks are what was signed with.
        ("*" * 32, True, "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"),
    ],
)
def test_tencents_published_example_is_signed_as_published(
    secret: str, signs_action: bool, signature: str
) -> None:
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    if signs_action:
        headers["x-tc-action"] = "describeinstances"

    signed = qq.authorization(
        "AKID",
        secret,
        service="cvm",
        headers=headers,
        body=rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
        now=datetime.fromtimestamp(1551113065, UTC),
    )

    assert signed == (
        "TC3-HMAC-SHA256 Credential=AKID/2019-02-25/cvm/tc3_request, "
        f"SignedHeaders={';'.join(headers)}, Signature={signature}"
    )


def test_everything_but_letters_digits_and_four_signs_is_encoded() -> None:
    assert ali.canonical_query({"b": "1+1 = *~", "a": "奶/."}) == "a=%E5%A5%B6%2F.&b=1%2B1%20%3D%20%2A~"


# ---- sending ----


def test_a_text_leaves_as_a_template_and_its_variables(account: Account, now: datetime) -> None:
    outcome = account.channel.send(raised(now))

    assert isinstance(outcome, Sent)
    assert outcome.provider_id.endswith("1")
    [text] = account.cloud.texts
    assert text["key"] == "i7.r1.contact:1"
    assert text["sign"] == "垦利街道"
    assert text["template"] in ("SMS_1", "1234567")
    assert text["said"] in (
        '{"who":"王奶奶","time":"14:05","what":"按了紧急按钮"}',
        "王奶奶|14:05|按了紧急按钮",
    )
    assert account.cloud.arrived(DAUGHTER) == [text["said"]]
    assert account.cloud.refused == []


@pytest.mark.parametrize(
    "build, speak", [(clouds.aliyun_at, clouds.aliyun), (clouds.tencent_at, clouds.tencent)]
)
def test_a_wrong_secret_is_our_trouble_and_not_the_numbers(build, speak, now: datetime) -> None:  # type: ignore[no-untyped-def]
    with clouds.running(speak) as cloud:
        outcome = build(cloud, now, secret="another").send(raised(now))

    assert isinstance(outcome, TryLater)
    assert "Signature" in outcome.why
    assert cloud.texts == []
    assert len(cloud.refused) == 1


def test_what_has_no_template_never_reaches_the_provider(account: Account, now: datetime) -> None:
    no_template = raised(now, purpose=Purpose.CLOSED)
    no_variables = raised(now, variables={})

    for message in (no_template, no_variables):
        assert not account.channel.capabilities.can_carry(message)
        assert isinstance(account.channel.send(message), Undeliverable)
    assert account.cloud.texts == []


def test_a_number_that_had_its_share_waits_and_the_provider_counts_as_well(
    account: Account, now: datetime
) -> None:
    account.cloud.answers = [account.too_often]

    outcome = account.channel.send(raised(now))

    assert isinstance(outcome, TryLater)
    assert outcome.provider_is_well
    assert outcome.wait_s >= 30


def test_only_what_is_wrong_with_the_number_is_final(account: Account, now: datetime) -> None:
    account.cloud.answers = [account.wrong_number, account.out_of_money]

    assert account.channel.send(raised(now)) == Undeliverable(account.wrong_number)
    assert account.channel.send(raised(now)) == TryLater(account.out_of_money)


def test_tencents_refusal_of_the_whole_request_is_read_too(now: datetime) -> None:
    with clouds.running(clouds.tencent) as cloud:
        cloud.answers = ["!RequestLimitExceeded", "!FailedOperation.PhoneNumberInBlacklist"]
        channel = clouds.tencent_at(cloud, now)

        assert channel.send(raised(now)) == TryLater("RequestLimitExceeded")
        assert channel.send(raised(now)) == Undeliverable("FailedOperation.PhoneNumberInBlacklist")


@pytest.mark.parametrize("answer, why", [("hang", "ReadTimeoutError"), (502, "HTTP 502")])
def test_a_provider_that_hangs_or_breaks_is_given_up_in_time(
    account: Account, now: datetime, answer: str | int, why: str
) -> None:
    account.cloud.answers = [answer]

    outcome = account.channel.send(raised(now))

    assert isinstance(outcome, TryLater)
    assert outcome.why == why or outcome.why == "ServiceUnavailable"


def test_asking_and_sending_end_before_an_attempt_counts_as_lost() -> None:
    assert ATTEMPT.total_seconds() > 2 * (CONNECT_S + ANSWER_S)


def test_a_provider_that_is_not_there_is_tried_later(now: datetime) -> None:
    with clouds.running(clouds.aliyun) as cloud:
        gone: list[Channel] = [clouds.aliyun_at(cloud, now), clouds.tencent_at(cloud, now)]

    for channel in gone:
        assert channel.send(raised(now)) == TryLater("NewConnectionError")
        assert channel.find(raised(now)) is None


# ---- asking before a second attempt ----


@pytest.mark.parametrize("answer", ["hang", 500])
def test_an_attempt_that_ended_in_doubt_is_asked_about_and_not_sent_twice(
    account: Account, now: datetime, answer: str | int
) -> None:
    account.cloud.answers = [answer]
    assert isinstance(carry(account.channel, raised(now), Clock(now)).outcome, TryLater)

    second = carry(account.channel, raised(now, attempts=2), Clock(now))

    assert isinstance(second.outcome, Sent)
    assert len(account.cloud.texts) == 1


def test_an_attempt_that_did_not_leave_is_sent_after_asking(account: Account, now: datetime) -> None:
    account.cloud.answers, account.cloud.took_it = ["hang"], False
    carry(account.channel, raised(now), Clock(now))

    carry(account.channel, raised(now, attempts=2), Clock(now))

    assert len(account.cloud.texts) == 1


def test_a_text_that_failed_or_is_another_one_is_not_taken_for_sent(account: Account, now: datetime) -> None:
    account.channel.send(raised(now))
    assert account.channel.find(raised(now, key="i7.r4.contact:1")) is None

    account.cloud.texts[0]["status"] = "2" if isinstance(account.channel, ali.AliyunSms) else "FAIL"
    assert account.channel.find(raised(now)) is None


def test_an_alarm_is_rather_sent_than_kept_while_the_provider_cannot_be_asked(
    account: Account, now: datetime
) -> None:
    account.cloud.query_is_down = True

    assert account.channel.find(raised(now)) is None
    assert isinstance(carry(account.channel, raised(now, attempts=2), Clock(now)).outcome, Sent)


def test_aliyun_is_asked_for_the_day_by_its_own_calendar_and_for_the_next(now: datetime) -> None:
    before_midnight = datetime(2026, 11, 20, 15, 59, 30, tzinfo=UTC)  # 23:59:30 on the 20th in China
    with clouds.running(clouds.aliyun) as cloud:
        channel = clouds.aliyun_at(cloud, now)
        late = raised(before_midnight)
        channel.send(late)

        assert isinstance(channel.find(late), Sent)  # the stand-in knows only the 21st
        assert channel.find(replace(late, created_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))) is None


def test_tencent_tells_nothing_where_our_key_is_not_switched_on(now: datetime) -> None:
    with clouds.running(clouds.tencent) as cloud:
        cloud.forgets_keys = True
        channel = clouds.tencent_at(cloud, now)
        channel.send(raised(now))

        assert channel.find(raised(now)) is None


# ---- asking for a receipt that stays away ----


def test_they_are_asked_what_became_of_a_text(account: Account, now: datetime) -> None:
    outcome = account.channel.send(raised(now))
    assert isinstance(outcome, Sent)
    assert isinstance(account.channel, Reporting)
    mine = raised(now, provider_id=outcome.provider_id)
    [text] = account.cloud.texts
    arrived, failed = ("3", "2") if isinstance(account.channel, ali.AliyunSms) else ("SUCCESS", "FAIL")

    text["status"] = arrived
    assert account.channel.fate(mine) == Fate(MessageState.DELIVERED)
    text.update(status=failed, why="MOBILE_NOT_ON_SERVICE")
    assert account.channel.fate(mine) == Fate(MessageState.UNDELIVERABLE, "MOBILE_NOT_ON_SERVICE")
    assert account.channel.fate(raised(now, key="another", provider_id="another")) == Fate(MessageState.SENT)
    account.cloud.query_is_down = True
    assert account.channel.fate(mine) is None


def test_they_say_whether_they_answer_and_nobody_is_texted_for_it(account: Account) -> None:
    assert isinstance(account.channel, Ailing)
    assert account.channel.ailment() == ""
    account.cloud.query_is_down = True
    assert account.channel.ailment() in ("ServiceUnavailable", "HTTP 500")
    assert account.cloud.texts == []


# ---- secrets ----


def test_no_secret_can_be_printed(now: datetime) -> None:
    outcomes: list[Outcome] = []
    nowhere = Cloud(url="http://127.0.0.1:9")
    for channel in (clouds.aliyun_at(nowhere, now), clouds.tencent_at(nowhere, now)):
        assert SECRET not in repr(channel._settings)
        assert SECRET not in str(channel._settings.model_dump(mode="json"))
        outcomes.append(channel.send(raised(now)))

    assert all(SECRET not in repr(outcome) and DAUGHTER not in repr(outcome) for outcome in outcomes)
