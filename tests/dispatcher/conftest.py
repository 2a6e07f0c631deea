"""The dispatcher's parts are tried in the same small town as the stories."""

from __future__ import annotations

from datetime import datetime

import pytest

from community.storage import Store
from tests.town import Town


@pytest.fixture
def town(store: Store, now: datetime) -> Town:
    return Town(store, now)
