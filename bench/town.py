"""A town of any number of homes: the Kenli street's areas and workers, its homes again and again."""

from __future__ import annotations

from dataclasses import replace

from bench.street import relative
from community.model import Account, AccountRole, Contact, Device
from community.sites import generate, profile
from community.sites.generate import SiteData
from community.storage import Store, accounts, schema, seeding
from devices.signal import Kind, Role
from dispatcher.clock import SystemClock
from dispatcher.model import Plan, Rung, Tell, Whom
from dispatcher.plans import shipped
from dispatcher.storage.planbook import Planbook

RELATIVES = 2  # of each home, both told on the first rung

ONE_TEXT = Plan(
    "emergency",
    (Rung(0, (Tell(Whom.RELATIVES, 1),)), Rung(60, (Tell(Whom.DESK),))),
    kinds=(Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.CO),
)


LEAKS_AT_ONCE = Plan(
    "routine",
    (Rung(0, (Tell(Whom.RELATIVES, RELATIVES),)), Rung(600, (Tell(Whom.DESK),))),
    kinds=(Kind.LEAK, Kind.INACTIVITY, Kind.BED_EXIT, Kind.WANDER),
)


def ask_for_one_text(url: str) -> None:
    """Edit the plan of emergencies so that a press tells one relative and nobody else."""
    _edit(url, ONE_TEXT)


def tell_of_leaks_at_once(url: str) -> None:
    """Edit the plan of lesser troubles so that relatives are told at once of those, too."""
    _edit(url, LEAKS_AT_ONCE)


def _edit(url: str, plan: Plan) -> None:
    store = Store(url)
    now = SystemClock().now()
    with store.write() as connection:
        account = accounts.create_account(connection, Account(0, "bench", "bench", AccountRole.ADMIN), "-")
        book = Planbook(shipped())
        known = book.current(connection).named(plan.name)
        book.edit(connection, plan, known.version if known else None, account.id, now)
    store.close()


def build(url: str, homes: int) -> None:
    """Migrate an empty database and fill it: home n has button `care:bench/<n>` and two relatives."""
    store = Store(url)
    try:
        schema.migrate(store)
        with store.write() as connection:
            seeding.load(connection, street_of(homes))
    finally:
        store.close()


def street_of(homes: int) -> SiteData:
    """What `build` fills a database with."""
    street = generate.generate(profile.read("kenli"), 1)
    households = tuple(
        replace(street.households[index % len(street.households)], id=index + 1) for index in range(homes)
    )
    return replace(
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
