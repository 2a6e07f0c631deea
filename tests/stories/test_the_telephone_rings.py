"""A text that nobody confirms is followed by a call; what is not an answer does not count as one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from community.model import ContactChannel, Medium, ResponderKind
from community.storage import wishes as kept_wishes
from community.storage.tables import contact, message, offer
from devices.signal import Kind
from dispatcher import responses, views
from dispatcher.channels import Fate, TryLater, Undeliverable
from dispatcher.chase import AT_ONCE, Chaser
from dispatcher.courier import LEASE
from dispatcher.model import CloseCode, Meaning, MessageState, OfferState, Stage
from dispatcher.responses import Pressed
from dispatcher.storage import outbox
from dispatcher.switchboard import Switchboard
from dispatcher.telephone import CALL_OVER, COVERED, COVERED_TO_OVERSEER, KEY_TAKEN, KEY_UNKNOWN
from dispatcher.wiring import read_wishes
from tests.exchange import AtOnce, Telephone
from tests.town import Town


@pytest.fixture
def telephone(town: Town) -> Telephone:
    return Telephone(town)


@pytest.fixture
def pressed(town: Town, telephone: Telephone) -> Telephone:
    """王秀英 has pressed; her daughter and her son were sent a text, her neighbour is the next."""
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    return telephone


def timeline(town: Town) -> list[str]:
    return [entry.text for entry in town.detail("王秀英").timeline]


def test_the_telephone_rings_when_the_text_has_not_arrived_in_15_seconds(
    town: Town, pressed: Telephone
) -> None:
    town.pass_time(seconds=5)
    pressed.delivered("儿子")

    town.pass_time(seconds=9)
    assert pressed.rings("女儿") == 0
    town.pass_time(seconds=1)

    assert (pressed.rings("女儿"), pressed.rings("儿子")) == (1, 0)
    assert "短信还没有送达,同时拨打女儿女儿的电话 calling as well" in timeline(town)
    town.pass_time(seconds=20)
    assert pressed.rings("女儿") == 1  # once for each text


def test_the_call_says_what_the_text_says_and_asks_for_a_key(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)

    assert pressed.hears("女儿") == (
        "这里是二二二二九九九。王秀英14点05分按了紧急按钮,和平社区幸福里3幢2单元五零零。正在联系老人。"
        "能赶到请按1,不能请按2,误按请按3。"
    )


def test_key_1_means_coming_as_it_does_in_a_text(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)

    assert pressed.presses("女儿", "1") == Pressed(Meaning.COMING, KEY_TAKEN[Meaning.COMING])

    assert [(a.name, a.meaning) for a in town.card("王秀英").answers] == [("女儿女儿", Meaning.COMING)]
    assert timeline(town)[-2:] == ["给女儿女儿的电话已接听", "女儿女儿回复“1”:能赶到"]
    town.pass_time(seconds=60)
    assert town.heard("邻居") == []  # a relative comes: the others are left in peace


def test_key_2_turns_to_the_next_at_once(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)

    pressed.presses("女儿", "2")

    assert len(town.heard("邻居")) == 1


def test_a_worker_takes_the_job_by_key(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.pass_time(seconds=15)

    assert telephone.hears("李强").endswith("约400米。能去请按1,不能去请按2。")
    telephone.presses("李强", "1")

    assert town.asked("王秀英")["李强"] is OfferState.ACCEPTED
    assert town.card("王秀英").stage is Stage.COVERED


def test_a_supervisor_who_is_rung_up_is_asked_to_see_to_it_and_not_to_go(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英")
    town.responder("周值班", metres=900, kind=ResponderKind.SUPERVISOR)
    town.press("王秀英")
    town.pass_time(minutes=30)  # nobody else is there: the ladder comes to her

    assert telephone.hears("周值班").endswith("请安排人前往。您来督办请按1,不能督办请按2。")
    said = telephone.presses("周值班", "1").say

    assert said == "已记下由您督办,请安排人前往。谢谢您。"
    assert town.asked("王秀英")["周值班"] is OfferState.ACCEPTED
    assert "周值班督办 sees to it" in timeline(town)


def test_a_supervisor_who_takes_the_call_up_when_somebody_goes_has_nobody_to_send(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英")
    town.responder("周值班", metres=900, kind=ResponderKind.SUPERVISOR)
    town.press("王秀英")
    town.pass_time(minutes=30)
    with town.store.write() as connection:
        connection.execute(update(offer).values(state=OfferState.WITHDRAWN.value))  # somebody else has gone

    assert telephone.hears("周值班") == COVERED_TO_OVERSEER


def test_a_worker_who_takes_the_call_up_after_another_said_yes_need_not_go(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    town.press("王秀英")
    town.pass_time(seconds=15)
    asked = telephone.hears("张敏")
    telephone.presses("李强", "1")

    assert asked.endswith("能去请按1,不能去请按2。")
    assert telephone.hears("张敏") == COVERED
    assert telephone.presses("张敏", "1") == Pressed(Meaning.COMING, COVERED)
    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN


@pytest.mark.parametrize(
    "status, answered_by, said",
    [
        ("in-progress", "machine_start", "给女儿女儿的电话未接通:语音信箱 voicemail"),
        ("completed", "machine_start", "给女儿女儿的电话未接通:语音信箱 voicemail"),
        ("no-answer", "", "给女儿女儿的电话未接通:无人接听 no answer"),
        ("busy", "", "给女儿女儿的电话未接通:占线 busy"),
        ("failed", "", "给女儿女儿的电话未拨通:呼叫失败 call failed"),
        ("completed", "unknown", "给女儿女儿的电话未接通:接通但无人按键 taken up, no key pressed"),
    ],
)
def test_a_voicemail_and_an_unanswered_call_move_on_at_once(
    town: Town, pressed: Telephone, status: str, answered_by: str, said: str
) -> None:
    town.pass_time(seconds=15)
    assert town.heard("邻居") == []

    pressed.becomes("女儿", status, answered_by)

    assert len(town.heard("邻居")) == 1
    assert said in timeline(town)


def test_a_human_who_hangs_up_has_heard_it_and_is_left_time(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)

    pressed.becomes("女儿", "in-progress", "human")
    pressed.becomes("女儿", "completed", "human")

    assert town.heard("邻居") == []
    assert "给女儿女儿的电话已接听" in timeline(town)


def test_what_was_taken_for_a_voicemail_and_presses_a_key_is_somebody(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)
    pressed.becomes("女儿", "in-progress", "machine_start")
    pressed.presses("女儿", "1")
    pressed.becomes("女儿", "completed", "machine_start")

    [call] = [m for m in town.detail("王秀英").messages if m.is_call and m.to.name == "女儿女儿"]
    assert call.state is MessageState.DELIVERED
    assert [(a.name, a.meaning) for a in town.card("王秀英").answers] == [("女儿女儿", Meaning.COMING)]


def test_a_key_pressed_after_closing_is_told_so_and_changes_nothing(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)
    town.close("王秀英", CloseCode.FALSE_PRESS)

    assert pressed.hears("女儿") == "这件事已经处理完毕,您不用赶来了。谢谢您。"
    assert pressed.presses("女儿", "1") == Pressed(Meaning.COMING, CALL_OVER)

    assert town.card("王秀英").stage is Stage.CLOSED
    assert timeline(town)[-1] == "女儿女儿在结案后按了1:能赶到 pressed after closing"
    with town.store.read() as connection:
        assert views.replies_waiting(connection) == ()  # she was told on the line: nobody need look


def test_a_key_that_was_not_offered_changes_nothing(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)
    before = timeline(town)

    assert pressed.presses("女儿", "7") == Pressed(Meaning.UNCLEAR, KEY_UNKNOWN)

    assert timeline(town) == before


def test_the_same_key_in_the_same_call_is_taken_once(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)
    pressed.presses("女儿", "2")
    before = timeline(town)

    pressed.presses("女儿", "2")

    assert timeline(town) == before


def test_each_call_answers_its_own_case(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.resident("李桂兰", contacts=("侄女",))
    town.people["侄女"] = town.people["女儿"]
    with town.store.write() as connection:
        connection.execute(update(contact).values(phone=town.people["女儿"]))
    town.press("王秀英")
    town.press("李桂兰")
    town.pass_time(seconds=15)
    assert telephone.rings("女儿") == 2

    telephone.presses("女儿", "1")  # the last call was about 李桂兰

    assert town.card("王秀英").answers == ()
    assert [a.meaning for a in town.card("李桂兰").answers] == [Meaning.COMING]


def test_a_number_no_text_reaches_is_rung_at_once(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    telephone.texts.trouble[town.people["女儿"]] = Undeliverable("30006 landline")

    town.press("王秀英")

    assert telephone.rings("女儿") == 1
    assert len(town.heard("邻居")) == 1  # and the ladder does not wait for it


def test_nobody_is_rung_who_has_answered_already(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子"))
    town.press("王秀英")
    town.answer("女儿", "3")

    town.pass_time(seconds=15)

    assert (telephone.rings("女儿"), telephone.rings("儿子")) == (0, 1)


def test_nobody_is_rung_while_help_is_on_the_way(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    town.press("王秀英")
    town.answer("李强", "1")

    town.pass_time(seconds=30)

    assert [telephone.rings(who) for who in ("女儿", "李强", "张敏")] == [0, 0, 0]


def test_a_worker_who_said_no_is_not_rung(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    [helper] = town.card("王秀英").helpers
    responses.answer_offer(town.store, helper.offer_id, OfferState.DECLINED, "responder:1", town.time)

    town.pass_time(seconds=15)

    assert telephone.rings("李强") == 0


def test_an_ordinary_matter_rings_nobody(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.say("王秀英", Kind.LEAK)
    town.pass_time(minutes=5)

    assert len(town.heard("女儿")) == 1
    assert telephone.rings("女儿") == 0


# ---- the provider says yes and no receipt comes ----


def test_a_receipt_that_stays_away_is_asked_for_after_a_minute(town: Town, pressed: Telephone) -> None:
    pressed.texts.fates[town.people["女儿"]] = Fate(MessageState.DELIVERED)

    town.pass_time(seconds=59)
    assert pressed.texts.questions == []
    town.pass_time(seconds=2)

    assert "给女儿女儿的短信已送达" in timeline(town)


def test_when_nobody_knows_whether_a_text_arrived_the_ladder_moves_on(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    for number in range(1, 4):
        town.responder(f"网格员{number}", metres=100 * number)
    telephone.exchange.trouble = {phone: Undeliverable("no line") for phone in town.people.values()}
    town.press("王秀英")

    town.pass_time(seconds=60)

    states = {m.to.name: m.state for m in town.detail("王秀英").messages if not m.is_call}
    assert states["网格员1"] is MessageState.UNCONFIRMED
    assert "给网格员1的短信没有回执:问过服务商,没有结果 the provider does not know" in timeline(town)


def test_a_provider_that_cannot_be_asked_is_not_waited_for(town: Town, pressed: Telephone) -> None:
    pressed.texts.away = True

    town.pass_time(seconds=74)
    assert "给女儿女儿的短信没有回执:问过服务商,没有结果 the provider does not know" not in timeline(town)
    town.pass_time(seconds=1)

    assert "给女儿女儿的短信没有回执:问过服务商,没有结果 the provider does not know" in timeline(town)


def test_a_receipt_that_comes_after_all_is_believed(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=60)
    pressed.delivered("女儿")

    states = {m.to.name: m.state for m in town.detail("王秀英").messages if not m.is_call}
    assert states["女儿女儿"] is MessageState.DELIVERED


def test_a_call_that_is_going_on_is_not_given_up(town: Town, pressed: Telephone) -> None:
    town.pass_time(seconds=15)
    pressed.exchange.fates[town.people["女儿"]] = Fate(MessageState.SENT, going_on=True)

    town.pass_time(seconds=100)
    [call] = [m for m in town.detail("王秀英").messages if m.is_call and m.to.name == "女儿女儿"]
    assert call.state is MessageState.SENT
    pressed.exchange.questions.clear()
    town.pass_time(seconds=20)
    assert len([key for key in pressed.exchange.questions if "contact:1" in key]) == 4  # each 5 s
    pressed.exchange.fates[town.people["女儿"]] = Fate(MessageState.UNDELIVERABLE, "占线 busy")
    town.pass_time(seconds=5)

    [call] = [m for m in town.detail("王秀英").messages if m.is_call and m.to.name == "女儿女儿"]
    assert (call.state, call.error) == (MessageState.UNDELIVERABLE, "占线 busy")


def test_a_clock_set_back_an_hour_keeps_nobody_from_being_rung(town: Town, pressed: Telephone) -> None:
    town.time -= timedelta(hours=1)
    town.pass_time(seconds=2)

    assert pressed.rings("女儿") == 1


def test_calls_that_wait_for_a_line_are_called_off_when_somebody_goes(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    for who in ("女儿", "李强"):
        telephone.exchange.trouble[town.people[who]] = TryLater("all lines are busy", wait_s=20)
    town.press("王秀英")
    town.pass_time(seconds=15)

    town.answer("李强", "1")
    telephone.exchange.trouble.clear()
    town.pass_time(seconds=60)

    assert (telephone.rings("女儿"), telephone.rings("李强")) == (0, 0)
    calls = {m.to.name: m.state for m in town.detail("王秀英").messages if m.is_call}
    assert set(calls.values()) == {MessageState.CANCELLED}


def test_who_likes_to_be_called_is_called_once(town: Town, telephone: Telephone) -> None:
    town.resident("王秀英", contacts=("女儿",))
    with town.store.write() as connection:
        daughter = connection.execute(select(contact.c.id)).scalar_one()
        home = town.homes["王秀英"]
        kept_wishes.replace_for_contact(connection, home, daughter, [ContactChannel(Medium.VOICE)])
    town.channel = Switchboard(
        [telephone.texts, telephone.exchange], town, lambda known: read_wishes(town.store, known, town.now())
    )

    town.press("王秀英")
    town.pass_time(seconds=50)

    assert (telephone.rings("女儿"), town.heard("女儿")) == (1, [])
    telephone.becomes("女儿", "no-answer")
    assert "给女儿女儿的电话未接通:无人接听 no answer" in timeline(town)


def test_of_two_dispatchers_that_see_the_same_one_rings(town: Town, pressed: Telephone) -> None:
    town.also = None
    town.time += timedelta(seconds=15)
    ready = threading.Barrier(2)

    def look() -> int:
        chaser = Chaser(town.store, [pressed.texts, pressed.exchange], town, AtOnce())
        ready.wait()
        return chaser.turn(town.time)

    with ThreadPoolExecutor(2) as pool:
        begun = [each.result() for each in [pool.submit(look), pool.submit(look)]]

    assert sum(begun) == 2  # the daughter's and the son's
    assert sum(m.is_call for m in town.detail("王秀英").messages) == 2


def test_one_call_that_cannot_be_written_does_not_silence_the_others(town: Town, pressed: Telephone) -> None:
    with town.store.write() as connection:
        broken = select(message.c.id).order_by(message.c.id).limit(1).scalar_subquery()
        # As long as a key can be: there is no room left to add to it. Only PostgreSQL minds.
        connection.execute(update(message).where(message.c.id == broken).values(key="k" * 120))
    town.pass_time(seconds=15)

    assert pressed.rings("儿子") == 1
    assert len(town.open_cards()) == 1


def test_many_texts_that_nobody_can_follow_with_a_call_do_not_crowd_out_the_receipts(
    town: Town, telephone: Telephone
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    chaser = Chaser(town.store, [telephone.texts], town, AtOnce())  # nobody can call
    town.also = chaser.turn
    town.press("王秀英")
    with town.store.write() as connection:
        row = connection.execute(select(message)).mappings().one()
        waiting = {"state": "queued", "due_at": town.time + timedelta(minutes=4), "provider_id": ""}
        earlier = {"created_at": town.time - timedelta(seconds=1), "sent_at": None}
        others = [
            {
                **row,
                **waiting,
                **earlier,
                "id": None,
                "key": f"k{n}",
                "who": f"contact:{n + 2}",
                "phone": f"+86{n}",
            }
            for n in range(AT_ONCE + 1)
        ]
        connection.execute(
            insert(message), [{k: v for k, v in other.items() if k != "id"} for other in others]
        )
    telephone.texts.fates[town.people["女儿"]] = Fate(MessageState.DELIVERED)

    town.pass_time(seconds=60)

    assert "给女儿女儿的短信已送达" in timeline(town)
    assert not any(m.is_call for m in town.detail("王秀英").messages)


def test_a_provider_that_is_away_does_not_keep_a_thousand_texts_from_being_given_up(
    town: Town, telephone: Telephone
) -> None:
    telephone.texts.away = True
    town.resident("王秀英", contacts=tuple(f"亲戚{n}" for n in range(40)))
    town.press("王秀英")
    town.pass_time(seconds=60)  # the second rung tells the other 38
    town.pass_time(seconds=76)

    states = {m.state for m in town.detail("王秀英").messages if not m.is_call}
    assert states == {MessageState.UNCONFIRMED}
    assert len(telephone.texts.questions) <= 4 * 40  # each a few times, never each second


def test_a_call_whose_courier_died_is_known_by_its_first_report_and_not_made_again(
    town: Town, pressed: Telephone
) -> None:
    pressed.exchange.remembers = False
    work, town.also = town.also, None
    town.time += timedelta(seconds=15)
    assert work is not None
    work(town.time)
    with town.store.write() as connection:
        taken = outbox.take(
            connection, worker="dead", now=town.time, lease_until=town.time + LEASE, limit=100
        )
    for call in taken:
        pressed.exchange.send(call)
    pressed.becomes("女儿", "initiated")

    town.pass_time(seconds=LEASE.total_seconds() + 1)

    assert (pressed.rings("女儿"), pressed.rings("儿子")) == (1, 2)  # of his nobody heard anything
