"""What is published of our own MQTT format is what the gateway reads and what devices hear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.asyncapi import (
    _EXAMPLES,
    FALLBACK_WORDS,
    MESSAGES,
    CommandHeard,
    ReceiptHeard,
    SignalSaid,
    described,
)
from devices.formats.native import FAMILY, TYPES
from devices.signal import Reading, Role
from dispatcher.answering import Standing, topic_of, word
from dispatcher.model import Stage
from tests.api.conftest import Browser
from tests.devices.street import Street

ROOT = Path(__file__).parents[2]
KEY, TOPIC = "care:kenli/btn-1", "care/kenli/btn-1/signal"

_ANY = (
    st.none() | st.booleans() | st.integers(-200, 200) | st.text(max_size=5) | st.lists(st.none(), max_size=1)
)
_MESSAGES = st.fixed_dictionaries(
    {
        "v": st.just(1) | _ANY,
        "id": st.text(min_size=1, max_size=70) | _ANY,
        "type": st.sampled_from([*TYPES, "x"]),
    },
    optional={
        "state": st.sampled_from(["active", "clear", "on"]) | _ANY,
        "at": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | _ANY,
        "battery": st.integers(-5, 105) | _ANY,
        "test": _ANY,
        "historical": _ANY,
        "litres": st.floats(0, 1e6) | _ANY,
        "text": st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=600)
        | _ANY,
        "press": st.just("double"),
    },
)


def heard(said: dict[str, Any]) -> Reading:
    street = Street()
    street.enrol(KEY, Role.HELP_BUTTON)
    return street.hear(TOPIC, orjson.dumps(said))


def is_published(said: dict[str, Any]) -> bool:
    try:
        SignalSaid.model_validate_json(orjson.dumps(said))
    except ValidationError:
        return False
    return said["type"] in SignalSaid.model_json_schema()["properties"]["type"]["enum"]


@given(_MESSAGES)
def test_whatever_keeps_to_the_schema_is_understood_and_gets_its_receipt(said: dict[str, Any]) -> None:
    if is_published(said):
        reading = heard(said)
        assert reading.tickets == ()
        assert reading.receipt is not None
        assert ReceiptHeard.model_validate_json(reading.receipt.payload).id == said["id"]


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_published_and_read(kind: str) -> None:
    said = {"v": 1, "id": "a", "type": kind}
    assert is_published(said)
    assert heard(said).tickets == ()


@pytest.mark.parametrize(
    "field, wrong", [("v", 2), ("type", "help"), ("state", "on"), ("id", "a\nb"), ("id", "")]
)
def test_what_a_message_must_have_right_is_the_same_for_both(field: str, wrong: object) -> None:
    said = {"v": 1, "id": "a", "type": "sos", field: wrong}
    assert not is_published(said)
    assert heard(said).tickets


@pytest.mark.parametrize("field", ["v", "id", "type"])
def test_what_is_required_is_required_by_both(field: str) -> None:
    said: dict[str, Any] = {"v": 1, "id": "a", "type": "sos"}
    del said[field]
    assert field in SignalSaid.model_json_schema()["required"]
    assert heard(said).tickets


def test_every_word_to_a_device_is_published(now: datetime) -> None:
    words = CommandHeard.model_json_schema()["properties"]["say"]["enum"]
    for stage in Stage:
        said = word(Standing(12, 3, stage, now + timedelta(minutes=6), (KEY,)), now)
        assert CommandHeard.model_validate(said).say in words
        assert set(said) <= set(CommandHeard.model_fields)
    station = (ROOT / "gateway" / "fallback" / "station.py").read_text(encoding="utf-8")
    assert all(f'"{one}"' in station for one in FALLBACK_WORDS)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_the_document_holds_together_and_names_our_topics() -> None:
    document = described("0.1.0")
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    addresses = {channel["address"] for channel in document["channels"].values()}
    placed = {one.replace("{site}", "+").replace("{device}", "+") for one in addresses}
    assert set(FAMILY.topics) <= placed
    reading = heard({"v": 1, "id": "a", "type": "sos"})
    assert reading.receipt is not None
    for topic in (TOPIC, reading.receipt.topic, topic_of(KEY)):
        assert topic in {one.format(site="kenli", device="btn-1") for one in addresses}
    for name, model in MESSAGES.items():
        model.model_validate_json(orjson.dumps(_EXAMPLES[name]))


def test_it_is_served_beside_the_other_description_to_whoever_is_logged_in(
    operator: Browser, stranger: TestClient
) -> None:
    assert operator.get("/docs/asyncapi.json").json()["asyncapi"] == "3.0.0"
    assert "/docs/asyncapi.json" in operator.get("/openapi.json").json()["info"]["description"]
    for name in MESSAGES:
        assert operator.get(f"/docs/schemas/{name}.json").json()["type"] == "object"
    assert operator.get("/docs/schemas/letter.json").status_code == 404
    assert stranger.get("/docs/asyncapi.json").status_code == 401


# ---- the Node-RED example ----

FLOW = orjson.loads((ROOT / "examples" / "node-red" / "anxin.json").read_bytes())


def test_the_node_red_flow_is_wired_to_nodes_that_are_there() -> None:
    ids = [node["id"] for node in FLOW]
    assert len(ids) == len(set(ids))
    for node in FLOW:
        assert {wire for wires in node.get("wires", []) for wire in wires} <= set(ids)
        if node["type"] != "mqtt-broker":
            assert node.get("broker", ids[0]) in ids
        assert node.get("z", ids[0]) in ids


def test_the_node_red_flow_speaks_and_hears_our_own_topics() -> None:
    ends = {channel["address"].rpartition("/")[2] for channel in described("0")["channels"].values()}
    mqtt = {node["topic"]: node for node in FLOW if node["type"] in ("mqtt in", "mqtt out")}
    assert {topic.rpartition("/")[2] for topic in mqtt} == ends
    assert {topic.rpartition("/")[0] for topic in mqtt} == {"care/kenli/nodered-0001"}
    assert {node["qos"] for node in mqtt.values()} == {"1"}
    assert [node["retain"] for node in mqtt.values() if node["type"] == "mqtt out"] == ["false"]


def test_what_the_node_red_flow_says_is_understood() -> None:
    said = [orjson.loads(node["payload"]) for node in FLOW if node.get("payloadType") == "json"]
    assert {one["type"] for one in said} == {"press", "heartbeat"}
    for one in said:
        assert is_published({**one, "id": "a1b2"})
        assert heard({**one, "id": "a1b2"}).tickets == ()
