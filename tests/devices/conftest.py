"""A street of enrolled devices, and an ear for what they say."""

from __future__ import annotations

import pytest

from tests.devices.street import Street


@pytest.fixture
def street() -> Street:
    return Street()
