"""A small street with a service desk."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from community.model import Account, AccountRole, CatalogueItem, Provider
from community.storage import Store, accounts, desk
from dispatcher import plans
from dispatcher.plans import Plans
from tests.community.conftest import SmallStreet, build


@dataclass(frozen=True)
class Desk:
    street: SmallStreet
    agent: Account
    cleaner: Provider
    cleaning: CatalogueItem
    lamps: CatalogueItem


@pytest.fixture
def town(store: Store) -> Desk:
    with store.write() as connection:
        street = build(connection)
        agent = accounts.create_account(connection, Account(0, "mei", "梅", AccountRole.OPERATOR), "hash")
        cleaner = desk.add_provider(connection, Provider(0, "惠民家政服务部", "家政保洁", "13800003001"))
        fitter = desk.add_provider(connection, Provider(0, "万家维修服务部", "水电维修", "13800003002"))
        cleaning = desk.add_item(
            connection, CatalogueItem(0, cleaner.id, "家政保洁", "日常保洁", "小时", 4000)
        )
        lamps = desk.add_item(connection, CatalogueItem(0, fitter.id, "水电维修", "灯具更换", "个", 2000))
    return Desk(street, agent, cleaner, cleaning, lamps)


@pytest.fixture(scope="session")
def response_plans() -> Plans:
    return plans.shipped()
