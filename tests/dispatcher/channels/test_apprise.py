"""Pushes: to the address that a person gave, or the site's, and to no service that was not named."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import orjson
import pytest

from dispatcher.channels import Medium, Sent, TryLater, Undeliverable
from dispatcher.channels.apprise import ApprisePush, AppriseSettings
from dispatcher.model import Message
from tests.dispatcher.channels.clouds import Cloud, running
from tests.dispatcher.test_channels import a_message

# Apprise reads all its plugins at once, and one of them imports what Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def speak(cloud: Cloud, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, object] | None:
    """A service that takes Apprise's own JSON."""
    answer = cloud.answers.pop(0) if cloud.answers else 200
    if answer == "hang":
        return None
    if answer == 200:
        cloud.take(phone=path, said=orjson.loads(body)["message"], key=headers.get("user-agent", ""))
    assert isinstance(answer, int)
    return answer, {}


@pytest.fixture
def service() -> Iterator[Cloud]:
    with running(speak) as started:
        yield started


def address(service: Cloud, person: str) -> str:
    return f"{service.url.replace('http://', 'json://')}/{person}"


def push(site: str = "", services: str = "json") -> ApprisePush:
    return ApprisePush(AppriseSettings(apprise_url=site, apprise_services=services))  # type: ignore[arg-type]


def to(message: Message, url: str) -> Message:
    return replace(message, to=replace(message.to, url=url))


def test_a_push_goes_to_the_address_that_a_person_gave(service: Cloud, now: datetime) -> None:
    outcome = push().send(to(a_message(now), address(service, "daughter")))

    assert outcome == Sent("")
    [text] = service.texts
    assert (text["phone"].rstrip("/"), text["said"]) == ("/daughter", a_message(now).body)


def test_without_one_it_goes_to_the_sites(service: Cloud, now: datetime) -> None:
    with_site = push(site=address(service, "street"))

    assert with_site.capabilities.for_staff
    assert with_site.send(a_message(now)) == Sent("")
    assert service.texts[0]["phone"].rstrip("/") == "/street"
    assert not push().capabilities.for_staff
    assert push().capabilities.medium is Medium.PUSH
    assert isinstance(push().send(a_message(now)), Undeliverable)


@pytest.mark.parametrize("answer", [500, 403, 302])
def test_what_the_service_does_not_take_is_tried_later(service: Cloud, now: datetime, answer: int) -> None:
    service.answers = [answer]

    assert isinstance(push().send(to(a_message(now), address(service, "x"))), TryLater)
    assert service.texts == []


@pytest.mark.parametrize(
    "url",
    [
        "syslog://localhost",
        "jsons://10.0.0.1/x",
        "file:///etc/passwd",
        "nosuch://x",
        "not an address",
        "wecombot://",
        "json://",
    ],
)
def test_only_services_that_were_named_are_spoken_to(url: str, now: datetime) -> None:
    channel = push(services="wecombot,json")

    assert not channel.speaks(url)
    assert isinstance(channel.send(to(a_message(now), url)), Undeliverable)


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk://273d1edf8dfc8e1a8e5d8a1b2c3d4e5f",
        "feishu://9c3d1edf8dfc8e1a8e5d8a1b2c3d4e5f",
    ],
)
def test_the_services_that_people_have_are_read(url: str) -> None:
    assert push(services=AppriseSettings().apprise_services).speaks(url)


def test_a_sites_address_that_cannot_be_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="ANXIN_APPRISE_URL"):
        push(site="syslog://localhost")


def test_neither_address_nor_words_reach_the_log(
    service: Cloud, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    service.answers = [500]
    site = AppriseSettings(apprise_url="json://a-secret-place/x")  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO, "anxin"):
        push().send(to(a_message(now), address(service, "her-secret")))

    assert "王秀英" not in caplog.text
    assert "a-secret-place" not in f"{site!r} {site.model_dump_json()}"
