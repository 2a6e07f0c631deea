"""A wish in a caller's words meets what is on offer, and says why."""

from __future__ import annotations

import pytest

from community.model import CatalogueItem, Provider
from community.sites import profile
from hotline import catalogue
from hotline.matching import match
from hotline.model import Demand, Offer

DEMANDS = (Demand(("灯不亮", "灯泡"), ("灯具更换", "电路维修")), Demand(("脏",), ("日常保洁",)))


def offer(number: int, category: str, name: str, yuan: int) -> Offer:
    return Offer(
        CatalogueItem(number, number, category, name, "次", yuan * 100),
        Provider(number, f"第{number}家", category, "+8613800003001"),
    )


LAMPS = offer(1, "水电维修", "灯具更换", 20)
CIRCUIT = offer(2, "水电维修", "电路维修", 60)
PIPES = offer(3, "水电维修", "水管维修", 60)
CLEANING = offer(4, "家政保洁", "日常保洁", 40)
CHEAPER = offer(5, "家政保洁", "日常保洁", 35)
OFFERS = (LAMPS, CIRCUIT, PIPES, CLEANING, CHEAPER)


def found(wish: str, category: str | None = None) -> list[tuple[int, str]]:
    return [
        (suggestion.offer.item.id, suggestion.reason) for suggestion in match(wish, OFFERS, DEMANDS, category)
    ]


def test_who_names_the_service_gets_it_and_the_cheapest_first() -> None:
    assert found("我想要日常保洁") == [(5, "点名要「日常保洁」"), (4, "点名要「日常保洁」")]


def test_who_says_what_is_wrong_gets_what_helps() -> None:
    assert found("家里灯不亮了") == [
        (1, "说「灯不亮」的,通常要「灯具更换」"),
        (2, "说「灯不亮」的,通常要「电路维修」"),
    ]


def test_a_category_in_words_gives_all_of_it() -> None:
    assert [item for item, _ in found("水电维修")] == [1, 2, 3]
    assert found("水电维修")[0] == (1, "属于「水电维修」")


def test_part_of_a_name_is_better_than_nothing() -> None:
    assert found("要维修") == [(2, "名称里也有「维修」"), (3, "名称里也有「维修」")]


def test_a_named_service_stands_before_one_that_is_only_usual() -> None:
    assert [item for item, _ in found("灯泡坏了,要电路维修")] == [2, 1, 3]


def test_a_chosen_category_keeps_the_others_out() -> None:
    assert found("维修 保洁", "家政保洁") == [(5, "名称里也有「保洁」"), (4, "名称里也有「保洁」")]
    assert [item for item, _ in found("", "家政保洁")] == [5, 4]
    assert found("", "家政保洁")[0][1] == "属于「家政保洁」"


@pytest.mark.parametrize("wish", ["", "  ,。", "管", "日 常"[:1], "我要去月球"])
def test_a_wish_that_means_nothing_here_gives_nothing(wish: str) -> None:
    assert found(wish) == []


def test_spaces_punctuation_and_wide_letters_do_not_matter() -> None:
    assert found("日常 保洁!") == found("日常保洁")
    assert match("ｔｖ", (offer(9, "x", "TV", 1),), ()) != ()


def test_every_wish_of_the_library_meets_a_service_of_kenli() -> None:
    """The two libraries fit: nobody is promised what nobody offers, and no service waits in vain."""
    offered = {name for category in profile.read("kenli").services for name, _, _ in category.items}
    wanted = {name for demand in catalogue.demands() for name in demand.wants}
    assert wanted <= offered
    assert offered - wanted <= {"地毯沙发清洗"}
