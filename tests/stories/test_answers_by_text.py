"""People answer by text: in several cases at once, too late, twice, unclearly, and by machine."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from community.model import Contact, ResponderKind
from community.storage import register
from community.storage.tables import message, reply_code
from community.storage.tables import reply as replies
from devices.signal import Kind
from dispatcher import intake, responses, views
from dispatcher.model import Draft, Entry, Meaning, OfferState, Purpose, Recipient, Stage
from dispatcher.storage.casebook import Casebook
from dispatcher.storage.questions import _CODES
from tests.town import Town


def daughter_of(town: Town, *mothers: str) -> None:
    """One daughter, several mothers, each in a home of her own."""
    town.people["女儿"] = "+8613912345678"
    for mother in mothers:
        home = town.resident(mother)
        with town.store.write() as connection:
            contact = Contact(0, home, 1, "赵艳", "女儿", town.people["女儿"])
            register.set_contacts(connection, home, (contact,))


def replies_in(town: Town, name: str) -> list[str]:
    return [entry.text for entry in town.detail(name).timeline if entry.entry is Entry.REPLY]


def tray(town: Town) -> list[tuple[str, int | None]]:
    with town.store.read() as connection:
        return [(line.body, line.incident_id) for line in views.replies_waiting(connection)]


# ---- several cases at once ----


def test_one_daughter_answers_for_two_mothers_by_what_each_text_says(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰")
    town.press("王秀英")
    town.press("赵玉兰")

    assert town.heard("女儿")[0].endswith("能赶到回1,不能回2,误按回3。")
    assert town.heard("女儿")[1].endswith("能赶到回61,不能回62,误按回63。")

    town.answer("女儿", "62")
    town.answer("女儿", "1")

    assert replies_in(town, "赵玉兰") == ["女儿赵艳回复“62”:不能去"]
    assert replies_in(town, "王秀英") == ["女儿赵艳回复“1”:能赶到"]
    assert tray(town) == []
    assert len(town.heard("女儿")) == 2


def test_a_worker_asked_in_three_homes_tells_them_apart(town: Town) -> None:
    names = ("王秀英", "赵玉兰", "孙桂芳")
    for name in names:
        town.resident(name)
    town.responder("李强", metres=400)
    for name in names:
        town.press(name)

    assert [body.rpartition(",到达")[2] for body in town.heard("李强")] == [
        "回4,完毕回5。",
        "回64,完毕回65。",
        "回74,完毕回75。",
    ]

    town.answer("李强", "6 2")
    town.answer("李强", "71,10分钟到")
    town.answer("李强", "2")

    assert [town.asked(name)["李强"] for name in names] == [
        OfferState.DECLINED,
        OfferState.DECLINED,
        OfferState.ACCEPTED,
    ]
    [helper] = town.card("孙桂芳").helpers
    assert helper.eta_at == town.time + timedelta(minutes=10)


def test_a_repeated_text_keeps_the_code_of_its_case(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰")
    town.press("王秀英")
    town.press("赵玉兰")

    town.pass_time(minutes=7)
    town.close("王秀英")
    town.pass_time(minutes=7)

    about = [body for body in town.heard("女儿") if "赵玉兰" in body]
    assert len(about) > 2
    assert all("能赶到回61" in body for body in about)


def test_homes_that_press_in_the_same_second_are_told_apart_too(town: Town) -> None:
    names = tuple(f"老人{number}" for number in range(12))
    for name in names:
        town.resident(name)
    town.responder("李强", metres=400)

    town.take(*(town.reading(name, Kind.SOS) for name in names))

    asked = [body.rpartition("能去回")[2].partition("1,")[0] for body in town.heard("李强")]
    assert sorted(asked) == sorted(["", "6", "7", "8", "9", "60", "66", "67", "68", "69", "70", "76"])


def test_a_bare_answer_that_may_be_to_either_is_asked_about_once_and_left_to_an_operator(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰")
    town.press("王秀英")
    town.answer("女儿", "1")
    town.press("赵玉兰")

    town.answer("女儿", "2")  # has she changed her mind, or does she mean the other one?
    town.answer("女儿", "马上到")

    assert replies_in(town, "赵玉兰") == []
    assert len(replies_in(town, "王秀英")) == 1
    assert tray(town) == [("马上到", None), ("2", None)]
    assert town.heard("女儿")[2:] == [
        "【2222999】您有2件求助,请分开回复。赵玉兰家能去回61,不能回62。王秀英家能去回1,不能回2。"
    ]


def test_who_is_asked_whether_all_is_well_on_scene_answers_with_the_code_of_that_case(town: Town) -> None:
    for name in ("王秀英", "赵玉兰"):
        town.resident(name)
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.press("赵玉兰")
    town.answer("李强", "2")
    town.answer("李强", "64")

    town.pass_time(minutes=61)

    assert any("平安回64,处理完毕回65" in body for body in town.heard("李强"))
    town.answer("李强", "65")
    assert OfferState.DONE in town.asked("赵玉兰").values()


def test_a_bare_arrived_belongs_to_the_bare_case_while_the_other_is_not_accepted(town: Town) -> None:
    town.resident("王秀英")
    town.resident("赵玉兰")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "1")
    town.press("赵玉兰")

    town.answer("李强", "4")
    assert town.card("王秀英").stage is Stage.ON_SCENE
    town.answer("李强", "61")
    town.answer("李强", "5")

    assert tray(town) == [("5", None)]
    assert town.card("赵玉兰").stage is Stage.COVERED


def test_a_code_comes_back_only_a_day_after_its_case_was_closed(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰")
    town.press("王秀英")

    def code_of_the_second_case() -> str:
        town.press("赵玉兰")
        [*_, asked] = [text for text in town.heard("女儿") if "赵玉兰" in text]
        code = asked.rpartition("能赶到回")[2].partition("1,")[0]
        town.close("赵玉兰")
        return code

    assert [code_of_the_second_case() for _ in range(5)] == ["6", "7", "8", "9", "60"]
    town.time += timedelta(hours=23, minutes=59)
    assert code_of_the_second_case() == "66"
    town.time += timedelta(minutes=1)
    assert code_of_the_second_case() == "6"


def test_a_late_answer_by_code_never_counts_for_another_case(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰", "孙桂芳")
    town.press("王秀英")
    town.press("赵玉兰")
    town.close("赵玉兰")
    town.press("孙桂芳")

    town.answer("女儿", "61")

    assert replies_in(town, "孙桂芳") == replies_in(town, "王秀英") == []
    assert replies_in(town, "赵玉兰") == ["结案后女儿赵艳回复“61”:能赶到"]


def test_a_code_that_was_never_given_goes_to_an_operator(town: Town) -> None:
    daughter_of(town, "王秀英")
    town.press("王秀英")

    town.answer("女儿", "91")

    assert tray(town) == [("91", None)]
    assert replies_in(town, "王秀英") == []


def test_the_database_itself_keeps_a_code_unique_for_a_phone(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰")
    town.press("王秀英")
    town.press("赵玉兰")
    refused = 0
    with town.store.write() as connection:
        [row] = connection.execute(select(reply_code)).mappings().all()
        for change in ({"incident_id": town.card("王秀英").id}, {"code": "7"}):
            try:
                with connection.begin_nested():
                    connection.execute(reply_code.insert().values(**{**row, **change}))
            except IntegrityError:
                refused += 1
    assert refused == 2


def test_two_dispatchers_that_ask_one_phone_at_once_give_it_different_codes(town: Town) -> None:
    daughter_of(town, "王秀英", "赵玉兰", "孙桂芳")
    town.press("王秀英")
    with town.store.write() as connection:
        readings = [town.reading(name, Kind.SOS) for name in ("赵玉兰", "孙桂芳")]
        intake.take(connection, readings, town.plans, town.time)
    ids = [town.card(name).id for name in ("赵玉兰", "孙桂芳")]
    begun = threading.Barrier(2)

    def ask(incident_id: int) -> None:
        begun.wait()
        with town.store.write() as connection:
            book = Casebook(connection)
            book.load_ids([incident_id])
            to = Recipient("contact:1", "女儿赵艳", town.people["女儿"])
            body = "能赶到回1,不能回2。"
            book.say(incident_id, Draft(f"i{incident_id}", to, Purpose.RAISED, 1, body), town.time)
            book.write()

    threads = [threading.Thread(target=ask, args=(id,)) for id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with town.store.read() as connection:
        rows = connection.execute(select(reply_code.c.incident_id, reply_code.c.code))
        given = {row.incident_id: row.code for row in rows}
        bodies = connection.execute(select(message.c.body).where(message.c.incident_id.in_(ids))).scalars()
        said = sorted(bodies)
    assert sorted(given) == sorted(ids)
    assert sorted(given.values()) == ["6", "7"]
    assert said == ["能赶到回61,不能回62。", "能赶到回71,不能回72。"]


def test_no_two_codes_and_answers_read_the_same() -> None:
    said = [f"{code}{answer}" for code in ("", *_CODES) for answer in "12345"]
    assert len(said) == len(set(said)) == 125 * 5


# ---- unclear ----


def test_what_is_unclear_is_explained_once_and_read_by_an_operator_each_time(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")

    for body in ("她怎么样了?", "没有误按", "喂"):
        town.answer("女儿", body)
    town.answer("李强", "哪里?")

    assert town.heard("女儿")[1:] == ["【2222999】没看懂您的回复。能赶到回1,不能回2,误按回3。"]
    assert town.heard("李强")[1:] == ["【2222999】没看懂您的回复。能去回1,不能回2,到达回4,完毕回5。"]
    assert len(tray(town)) == 4


def test_a_machine_gets_no_answer(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")

    town.answer("女儿", "【自动回复】我正在开会,稍后回复您")

    assert len(town.heard("女儿")) == 1
    assert len(tray(town)) == 1


def test_a_worker_who_only_says_that_she_has_read_it_is_asked_for_the_digit(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")

    town.answer("李强", "收到")
    town.answer("女儿", "收到,谢谢")

    assert town.asked("王秀英") == {"李强": OfferState.ASKED}
    assert town.heard("李强")[1:] == ["【2222999】没看懂您的回复。能去回1,不能回2,到达回4,完毕回5。"]
    assert len(town.heard("女儿")) == 1
    assert tray(town) == []

    town.answer("李强", "好的")
    assert town.asked("王秀英") == {"李强": OfferState.ACCEPTED}


def test_thanks_or_a_question_after_an_answer_take_nothing_back(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    town.answer("女儿", "去不了")
    town.answer("女儿", "谢谢")
    town.answer("女儿", "她怎么样了?")

    town.pass_time(minutes=7)

    assert len([body for body in town.heard("女儿") if "按了紧急按钮" in body]) == 1


# ---- strangers, latecomers, twice ----


def test_a_stranger_is_never_answered(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.people["陌生人"] = "+8613700000000"

    for body in ("1", "TD", "61", "你们是谁?"):
        town.answer("陌生人", body)

    assert town.heard("陌生人") == []
    assert len(tray(town)) == 4


def test_an_answer_after_the_end_is_told_so_once_and_shown_to_an_operator(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英")
    before = town.heard("女儿")

    town.answer("女儿", "马上到")
    town.answer("女儿", "1")
    town.answer("女儿", "她还好吗?")

    assert town.heard("女儿") == [
        *before,
        "【2222999】王秀英家的事已经处理完毕,不用再赶来。有新情况请打热线。",
    ]
    id = town.card("王秀英").id
    assert tray(town) == [("她还好吗?", id), ("1", id), ("马上到", id)]
    assert town.card("王秀英").stage is Stage.CLOSED


def test_thanks_after_the_end_need_nobody(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.close("王秀英")
    before = town.heard("女儿"), town.heard("李强")

    town.answer("女儿", "好的,谢谢你们")
    town.answer("李强", "好的")  # to "you need not come": now it is no yes

    assert (town.heard("女儿"), town.heard("李强")) == before
    assert tray(town) == []


def test_an_answer_a_day_after_the_end_belongs_to_no_case(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英")
    town.time += timedelta(days=1)

    town.answer("女儿", "1")

    assert tray(town) == [("1", None)]
    assert len(town.heard("女儿")) == 2


def test_the_same_answer_typed_twice_does_the_same_as_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")

    town.answer("李强", "1")
    town.answer("李强", "1")

    assert len(town.heard("女儿")) == 2  # raised, accepted
    assert len(replies_in(town, "王秀英")) == 2


def test_answers_in_the_same_instant_are_each_taken_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")
    texts = [("李强", "1", "SM1"), ("李强", "1", "SM1"), ("李强", "1", "SM2"), ("女儿", "怎么了", "SM3")] * 2
    ready = threading.Barrier(len(texts))

    def answer(who: str, body: str, key: str) -> None:
        ready.wait()
        responses.reply(town.store, town.people[who], body, key, town.time)

    threads = [threading.Thread(target=answer, args=text) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.work()

    with town.store.read() as connection:
        assert len(connection.execute(select(replies.c.id)).all()) == 3
    assert len(replies_in(town, "王秀英")) == 3
    assert len([body for body in town.heard("女儿") if "已接单" in body]) == 1
    assert len([body for body in town.heard("女儿") if "没看懂" in body]) == 1


# ---- false alarm ----


def test_a_false_alarm_by_text_closes_nothing_and_slows_nobody(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.responder("李强", metres=400)
    town.responder("和平诊所", metres=700, kind=ResponderKind.CLINIC)
    town.press("王秀英")

    town.answer("女儿", "老人误按,人平安")  # anybody can send that with her number
    town.pass_time(minutes=2)

    assert town.card("王秀英").stage is Stage.RAISED
    assert len(town.heard("邻居")) == 1
    assert town.asked("王秀英") == {"李强": OfferState.EXPIRED, "和平诊所": OfferState.EXPIRED}
    [answer] = town.card("王秀英").answers
    assert answer.meaning is Meaning.FALSE_ALARM
