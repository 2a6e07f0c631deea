"""Stories are told in a small town: people and minutes on a real store."""

from __future__ import annotations

from datetime import datetime

import pytest

from community.storage import Store
from tests.town import Town


@pytest.fixture
def town(store: Store, now: datetime) -> Town:
    return Town(store, now)
