"""The gateway tests' centre, for the tests that kill it."""

from __future__ import annotations

from tests.gateway.conftest import centre, mosquitto

__all__ = ["centre", "mosquitto"]
