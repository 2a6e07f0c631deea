"""An earthquake: everybody presses. A worker is asked by one text, and each relative by her own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from community.model import ContactChannel, Medium, ResponderKind
from community.storage import register
from community.storage.tables import contact
from devices.signal import Kind
from dispatcher import bundling, guests, intake, passes, responses
from dispatcher.channels import Capabilities, TryLater, Undeliverable
from dispatcher.courier import LEASE, carry
from dispatcher.model import CloseCode, MessageState, OfferState
from dispatcher.storage import outbox
from dispatcher.switchboard import Switchboard, Wishes
from tests.exchange import Telephone
from tests.town import Town, TownPhones

NAMES = tuple(f"{surname}{name}" for surname in "王李张刘陈" for name in ("秀英", "桂芳", "玉兰", "建国"))


@pytest.fixture
def street(town: Town) -> Town:
    """Twenty homes with a daughter each, and one worker who is near to all of them."""
    for name in NAMES:
        town.resident(name, contacts=(f"{name}的女儿",))
    town.responder("李强", 300)
    town.bundle_requests()
    return town


def all_press(town: Town, *names: str) -> None:
    town.take(*(town.reading(name, Kind.SOS) for name in names))


def lines(town: Town, name: str) -> list[str]:
    return [entry.text for entry in town.detail(name).timeline]


def test_the_worker_gets_one_text_and_every_daughter_her_own(street: Town) -> None:
    all_press(street, *NAMES)

    [asked] = street.heard("李强")
    assert asked.startswith("【2222999】20户求助,请先去和平社区幸福里3幢2单元500:王秀英14:05按了紧急按钮。")
    assert asked.endswith("能去回1,不能回2,到达回4,完毕回5。")
    assert len(asked) <= 134
    assert all(len(street.heard(f"{name}的女儿")) == 1 for name in NAMES)
    assert all(street.asked(name) == {"李强": OfferState.ASKED} for name in NAMES)
    assert "给李强的短信已送达(与另外19件并成一条)" in lines(street, "王秀英")
    assert "给李强的短信已送达(与另外19件并成一条,没有写到本户)" in lines(street, "陈建国")


def test_each_answer_in_the_text_belongs_to_one_home(street: Town) -> None:
    all_press(street, *NAMES)
    [asked] = street.heard("李强")
    assert "3幢2单元501王桂芳回61;3幢2单元502王玉兰回71" in asked

    street.answer("李强", "71")
    assert [name for name in NAMES if street.asked(name)["李强"] is OfferState.ACCEPTED] == ["王玉兰"]

    street.answer("李强", "1")
    accepted = [name for name in NAMES if street.asked(name)["李强"] is OfferState.ACCEPTED]
    assert accepted == ["王秀英", "王玉兰"]


def test_the_digits_in_the_one_text_open_her_page_with_all_her_homes_on_it(street: Town) -> None:
    with street.store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret="a-secret-of-the-street"))
    all_press(street, *NAMES)

    [asked] = street.heard("李强")
    digits = re.search(r"。码(\d{6})。能去回1,", asked)
    assert digits is not None
    assert len(asked) <= 134
    with street.store.read() as connection:
        [held] = guests.find(connection, digits[1], street.time)
        page = guests.look(connection, held, street.time)
    assert isinstance(page, guests.Errand)
    assert page.who.startswith("王秀英")
    assert [door for _, door in page.others] == [f"3幢2单元{500 + number}" for number in range(1, 20)]


def test_a_push_with_many_requests_links_to_her_page_also_when_it_is_tried_again(street: Town) -> None:
    secret, hers = "a-secret-of-the-street", "wxwork://her-key"
    with street.store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret=secret))
    with street.store.read() as connection:
        [worker] = register.responders(connection)
    push = TownPhones(capabilities=Capabilities(medium=Medium.PUSH, url_allowed=True))
    push.trouble[street.people["李强"]] = TryLater("busy")
    wishes = Wishes(1, {f"responder:{worker.id}": (ContactChannel(Medium.PUSH, hers),)}, secret=secret)
    street.channel = Switchboard([push], street, lambda _: wishes, public_url="https://centre.example")
    all_press(street, *NAMES)
    assert push.texts == []
    push.trouble.clear()
    street.pass_time(seconds=30)

    [asked] = [body for phone, body in push.texts if phone == street.people["李强"]]
    link = re.search(r"答复请打开 https://centre.example/p/open[?]pass=(\S+) 或打", asked)
    assert link is not None
    held = passes.unseal(secret, link[1], street.time)
    assert held is not None
    with street.store.read() as connection:
        page = guests.look(connection, held, street.time)
    assert isinstance(page, guests.Errand)
    assert page.who.startswith("王秀英")
    assert len(page.others) == len(NAMES) - 1


def test_who_is_not_named_is_not_forgotten(street: Town) -> None:
    street.responder("张敏", 900)
    street.responder("赵刚", 1200)
    all_press(street, *NAMES)
    street.answer("李强", "1")

    street.pass_time(seconds=60)

    assert street.asked("陈建国") == {
        "李强": OfferState.EXPIRED,
        "张敏": OfferState.EXPIRED,
        "赵刚": OfferState.ASKED,
    }
    assert len(street.heard("张敏")) == len(street.heard("赵刚")) == 1


def test_a_relative_of_many_homes_gets_a_text_for_each(town: Town) -> None:
    town.bundle_requests()
    for name in NAMES[:5]:
        town.resident(name, contacts=("女儿",))
    with town.store.write() as connection:
        connection.execute(update(contact).values(phone=town.people["女儿"]))

    all_press(town, *NAMES[:5])

    assert len(town.heard("女儿")) == 5
    assert all(name in text for name, text in zip(NAMES, town.heard("女儿"), strict=False))


def test_two_requests_are_two_texts_and_what_follows_is_gathered_for_seconds_only(street: Town) -> None:
    all_press(street, "王秀英")
    all_press(street, "王桂芳")
    assert [text[:12] for text in street.heard("李强")] == ["【2222999】请去和"] * 2

    street.pass_time(seconds=1)
    for name in NAMES[2:6]:
        all_press(street, name)
    assert len(street.heard("李强")) == 2, "a moment, to be read"
    assert all(len(street.heard(f"{name}的女儿")) == 1 for name in NAMES[:6])

    street.pass_time(seconds=5)
    [*_, asked] = street.heard("李强")
    assert (len(street.heard("李强")), asked[:12]) == (3, "【2222999】4户求")
    assert "回71,不能回72,到达回74,完毕回75。" in asked, "王玉兰 is where to go first; 王桂芳 has 6"


def test_a_worker_who_cannot_be_reached_is_replaced_in_every_case_at_once(street: Town) -> None:
    street.responder("张敏", 900)
    street.responder("赵刚", 1200)
    street.phones.trouble[street.people["李强"]] = Undeliverable("blacklist")

    all_press(street, *NAMES)

    assert all("赵刚" in street.asked(name) for name in NAMES)
    assert "给李强的短信无法送达(与另外19件并成一条):blacklist" in lines(street, "王秀英")


def test_what_a_provider_reports_of_the_text_holds_for_every_request(street: Town) -> None:
    street.phones.delivers = False
    street.responder("张敏", 900)
    street.responder("赵刚", 1200)
    all_press(street, *NAMES)
    [text] = [m for m in street.phones.taken if m.to.name == "李强"]

    assert responses.receipt(street.store, "", MessageState.UNDELIVERABLE, "30005", street.time, key=text.key)
    street.work()

    assert all("赵刚" in street.asked(name) for name in NAMES)
    assert lines(street, "陈建国").count("给李强的短信无法送达(与另外19件并成一条,没有写到本户):30005") == 1


def test_who_was_not_named_to_her_is_not_called_off_either(street: Town) -> None:
    all_press(street, *NAMES)
    before = len(street.heard("李强"))

    street.close("陈建国", CloseCode.FALSE_PRESS)
    assert len(street.heard("李强")) == before
    street.close("王秀英", CloseCode.FALSE_PRESS)
    assert street.heard("李强")[-1] == "【2222999】王秀英家的事已有结果,不用再去了,谢谢您。"


def test_what_was_called_off_before_it_left_is_not_in_the_text(street: Town) -> None:
    all_press(street, "王秀英", "王桂芳")
    street.pass_time(seconds=1)
    all_press(street, *NAMES[2:7])
    street.close("王玉兰", CloseCode.FALSE_PRESS)

    street.pass_time(seconds=5)

    assert "4户求助,请先去和平社区幸福里3幢2单元503" in street.heard("李强")[-1]


@pytest.mark.parametrize("sent", [False, True], ids=["before sending", "after sending"])
def test_a_courier_that_dies_with_the_text_is_asked_about_and_nothing_is_said_twice(
    street: Town, sent: bool
) -> None:
    town = street
    with town.store.write() as connection:
        intake.take(connection, [town.reading(name, Kind.SOS) for name in NAMES], town.plans, town.time)
    town.engine.tick(town.time)
    with town.store.write() as connection:
        lease_until = town.time + LEASE
        found = outbox.waiting(connection, town.time, 500)
        taken = bundling.take(connection, found, "dead", lease_until, town.time)
    if sent:
        for message in taken:
            carry(town.phones, message, town)

    town.work()
    assert len(town.heard("李强")) == sent
    town.pass_time(seconds=LEASE.total_seconds())

    assert len(town.heard("李强")) == 1
    assert all(len(town.heard(f"{name}的女儿")) == 1 for name in NAMES)
    assert "给李强的短信已送达(与另外19件并成一条)" in lines(town, "王秀英")


def test_a_text_that_has_to_be_tried_again_stays_one_text(street: Town) -> None:
    street.phones.trouble[street.people["李强"]] = TryLater("busy", 4)
    all_press(street, *NAMES)
    assert street.heard("李强") == []
    del street.phones.trouble[street.people["李强"]]

    street.pass_time(seconds=5)

    assert len(street.heard("李强")) == 1
    street.pass_time(seconds=20)
    assert len(street.heard("李强")) == 1


def test_of_two_workers_each_is_sent_to_another_home_first(street: Town) -> None:
    street.responder("张敏", 900)
    all_press(street, *NAMES)

    assert "20户求助,请先去和平社区幸福里3幢2单元500" in street.heard("李强")[0]
    assert "20户求助,请先去和平社区幸福里3幢2单元501" in street.heard("张敏")[0]


def test_a_supervisor_is_told_how_many_to_see_to(street: Town) -> None:
    street.responder("周主任", 500, ResponderKind.SUPERVISOR)
    all_press(street, *NAMES)
    street.pass_time(seconds=180)

    [asked] = street.heard("周主任")
    assert asked.startswith("【2222999】20户求助,请督办,先看和平社区幸福里3幢2单元500:王秀英")
    assert asked.endswith("督办回1,不能回2,您到场回4。")


def test_she_is_called_about_the_first_home_and_no_other(street: Town) -> None:
    telephone = Telephone(street)
    all_press(street, *NAMES)
    street.pass_time(seconds=16)

    assert telephone.rings("李强") == 1
    assert "幸福里3幢2单元五零零" in telephone.hears("李强")
    telephone.presses("李强", "1")
    assert [name for name in NAMES if street.asked(name)["李强"] is OfferState.ACCEPTED] == ["王秀英"]
