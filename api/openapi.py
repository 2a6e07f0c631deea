"""The OpenAPI document: what FastAPI knows, with our own errors in the place of its."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_PROBLEM = {"schema": {"$ref": _REF.format(model="Problem")}}
_NOT_OURS = ("HTTPValidationError", "ValidationError")  # FastAPI's own, which nobody is ever sent


def described(app: FastAPI) -> dict[str, Any]:
    """The document of `app`. Every refusal in it is a Problem."""
    document = get_openapi(
        title=app.title,
        summary=app.summary,
        description=app.description,
        version=app.version,
        license_info=app.license_info,
        routes=app.routes,
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    response["content"] = {MEDIA_TYPE: _PROBLEM}
    schemas = document["components"]["schemas"]
    for name in _NOT_OURS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_REF)
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    return document
