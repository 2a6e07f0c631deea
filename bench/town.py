"""A town of any number of homes: the Kenli street's areas and workers, its homes again and again."""

from __future__ import annotations

from dataclasses import replace

from bench.street import relative
from community.model import Contact, Device
from community.sites import generate, profile
from community.storage import Store, schema, seeding
from devices.signal import Role

RELATIVES = 2  # of each home, both told on the first rung


def build(url: str, homes: int) -> None:
    """Migrate an empty database and fill it: home n has button `care:bench/<n>` and two relatives."""
    street = generate.generate(profile.read("kenli"), 1)
    households = tuple(
        replace(street.households[index % len(street.households)], id=index + 1) for index in range(homes)
    )
    town = replace(
        street,
        households=households,
        residents=tuple(
            replace(street.residents[index % len(street.residents)], id=index + 1, household_id=index + 1)
            for index in range(homes)
        ),
        contacts=tuple(
            Contact(
                index * RELATIVES + rank, index + 1, rank, f"亲属{rank}", "女儿", relative(index + 1, rank)
            )
            for index in range(homes)
            for rank in range(1, RELATIVES + 1)
        ),
        devices=tuple(
            Device(index + 1, f"care:bench/{index + 1:06d}", Role.HELP_BUTTON, index + 1)
            for index in range(homes)
        ),
    )
    store = Store(url)
    try:
        schema.migrate(store)
        with store.write() as connection:
            seeding.load(connection, town)
    finally:
        store.close()
