"""For providers that sign nothing: a secret in the address that only they were told.

It stands in the query, which our access log leaves out. Give it to the provider with an https address only.
"""

from __future__ import annotations

import hmac
from typing import Annotated

import structlog
from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, field_validator

from api import deps
from api.problems import Forbidden

log = structlog.get_logger(__name__)


def told_the_token(
    request: Request, parts: deps.PartsDep, token: Annotated[str, Query(max_length=200)] = ""
) -> None:
    """Forbidden for whoever does not know the token, and for everybody while there is none."""
    expected = parts.settings.callback_token.get_secret_value()
    if not expected:
        raise Forbidden("callbacks_not_configured", "set ANXIN_CALLBACK_TOKEN to take callbacks from here")
    if not hmac.compare_digest(token.encode(), expected.encode()):
        log.warning("callback_token_refused", path=request.url.path)
        raise Forbidden("bad_token", "the address must end in ?token= and the value of ANXIN_CALLBACK_TOKEN")


TokenDep = Depends(told_the_token)


class Lenient(BaseModel):
    """What a provider sends: fields that we do not need may come and go, text may be written as a number."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    @field_validator("*")
    @classmethod
    def _can_be_kept(cls, value: object) -> object:
        """No database keeps NUL or half a character, and the provider would send it again for ever."""
        if not isinstance(value, str):
            return value
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
