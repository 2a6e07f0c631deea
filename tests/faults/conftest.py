"""The gateway tests' centre, for the tests that kill it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from community.sites.generate import SiteData
from community.storage import Store
from tests.conftest import Figure
from tests.faults.street import be_patient, every_case_has_a_future
from tests.gateway.conftest import STREET, Centre, mosquitto
from tests.servers import Mosquitto
from tests.stories.conftest import town

__all__ = ["Figure", "mosquitto", "town"]


@pytest.fixture
def street() -> SiteData:
    """Who lives there; a test may have another."""
    return STREET


@pytest.fixture
def centre(store: Store, mosquitto: Mosquitto, tmp_path: Path, street: SiteData) -> Iterator[Centre]:
    """Everything but the gateway is running; whatever is broken, no open incident is without a future."""
    made = Centre(store, mosquitto, tmp_path, street)
    be_patient(made)
    yield made
    made.gateway.kill()
    every_case_has_a_future(made)
