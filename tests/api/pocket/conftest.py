"""The town of the other pages, with a secret: its texts bring six digits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.storage import Store, register
from dispatcher import passes
from dispatcher.passes import Pass
from tests.api.conftest import Town

SECRET = "a-secret-of-the-street"


@pytest.fixture
def with_pages(store: Store, town: Town) -> Town:
    with store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret=SECRET))
    return town


def daughter_of(store: Store, town: Town, incident_id: int) -> Pass:
    with store.read() as connection:
        [contact] = register.household_by_id(connection, town.household_id).contacts
    return Pass(incident_id, f"contact:{contact.id}")


def code_of(held: Pass) -> str:
    return passes.code(SECRET, held)
