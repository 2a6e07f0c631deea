"""The dispatcher's parts are tried in the same small town as the stories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from community.storage import Store
from tests.town import Town


@pytest.fixture
def town(store: Store, now: datetime) -> Town:
    return Town(store, now)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged; nothing is printed, for a traceback with everybody's names in it helps nobody."""
    with capture_logs() as entries:
        yield entries
