"""The API's description is complete: a program can be written from it alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from api.openapi import described
from api.problems import MEDIA_TYPE

Operation = tuple[str, dict[str, Any]]


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return described(app)


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("tags"), name
        assert "_" not in operation["operationId"], f"{name} has no operation id of ours"
    ids = Counter(operation["operationId"] for _, operation in operations(document))
    assert len(ids) > 45
    assert set(ids.values()) == {1}


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/octet-stream":
                continue  # a file
            one = media["schema"].get("items", media["schema"])  # a provider may send a list of them
            schema = schemas[one["$ref"].rpartition("/")[2]]
            assert any("examples" in field for field in schema["properties"].values()), name


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    refusals = 0
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                refusals += 1
                assert list(response["content"]) == [MEDIA_TYPE], name
    assert refusals > 80
    assert "HTTPValidationError" not in str(document)


def test_everything_behind_the_login_says_how_to_come_in(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name.partition(" ")[2].startswith("/api/") and name != "POST /api/login":
            assert {"apiKey": []} in operation["security"], name
            assert "401" in operation["responses"], name


def test_nothing_refers_to_what_is_not_there(document: dict[str, Any]) -> None:
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]
