"""What a gateway listens to, told by a setting."""

from __future__ import annotations

import pytest

from devices.formats import TOPICS
from gateway.slices import is_within, parse


def test_a_gateway_that_is_told_nothing_hears_everybody() -> None:
    assert parse("", TOPICS) == TOPICS
    assert parse(" , ", TOPICS) == TOPICS


def test_a_slice_is_a_list_of_filters_each_once() -> None:
    told = "care/kenli/+/signal, zigbee2mqtt/kenli/#,care/kenli/+/signal"
    assert parse(told, TOPICS) == ("care/kenli/+/signal", "zigbee2mqtt/kenli/#")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("$share/gateways/care/+/+/signal", "no family of devices speaks"),
        ("care/#", "no family of devices speaks"),
        ("care/kenli/+/ack", "no family of devices speaks"),
        ("care/kenli/+/signal/more", "no family of devices speaks"),
        ("zigbee2mqtt/#/east", "no MQTT filter"),
        ("zigbee2mqtt/ea+st", "no MQTT filter"),
        ("care/ken#/+/signal", "no MQTT filter"),
    ],
)
def test_a_slice_that_could_hear_nobody_is_refused_with_what_to_do(wrong: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(wrong, TOPICS)


@pytest.mark.parametrize(
    ("narrow", "wide", "holds"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/+", True),
        ("a/+", "a/+", True),
        ("a/+", "a/b", False),
        ("a/#", "a/+", False),
        ("a/#", "a/#", True),
        ("a", "a/#", True),
        ("b/#", "a/#", False),
        ("a/b/c", "a/+", False),
        ("a", "a/+", False),
    ],
)
def test_one_filter_lies_within_another(narrow: str, wide: str, holds: bool) -> None:
    assert is_within(narrow, wide) is holds
