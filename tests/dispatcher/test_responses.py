"""What operators, responders, relatives and providers answer, on a real store."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from community.errors import Conflict, Invalid, NotFound
from community.model import Account, Contact, ResponderKind
from community.storage import Store, register
from community.storage.tables import incident, message
from community.storage.tables import reply as replies
from devices.signal import Kind, State
from dispatcher import intake, responses, views
from dispatcher.channels import TryLater
from dispatcher.model import CloseCode, Entry, Incident, MessageState, OfferState, Stage
from tests.town import Town


def offer_of(town: Town, who: str) -> int:
    """The newest offer that somebody has for the home of 王秀英."""
    return max(helper.offer_id for helper in town.card("王秀英").helpers if helper.name == who)


def texts(town: Town) -> list[str]:
    return [entry.text for entry in town.detail("王秀英").timeline]


# ---- operators ----


def test_the_second_of_two_operators_is_told_who_was_first(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    incident_id = town.card("王秀英").id
    ready = threading.Barrier(2)
    outcomes: list[Incident | Conflict] = []

    def claim(account: Account) -> None:
        ready.wait()
        try:
            outcomes.append(responses.claim(town.store, incident_id, account, town.time))
        except Conflict as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=claim, args=(who,)) for who in (town.operator, town.colleague)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [won] = [outcome for outcome in outcomes if isinstance(outcome, Incident)]
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    owner = {town.operator.id: town.operator, town.colleague.id: town.colleague}[won.claimed_by or 0]
    assert refused.code == "already_claimed"
    assert owner.name in refused.message
    assert town.card("王秀英").claimed_by_name == owner.name
    assert sum(entry.entry is Entry.CLAIMED for entry in town.detail("王秀英").timeline) == 1


def test_claiming_again_renews_and_a_colleague_can_take_over_with_both_names_kept(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    id = town.card("王秀英").id
    responses.claim(town.store, id, town.operator, town.time)
    later = town.time + timedelta(seconds=10)

    again = responses.claim(town.store, id, town.operator, later)
    assert again.lease_until == later + responses.CLAIM_LEASE
    assert again.claimed_at == town.time

    taken = responses.take_over(town.store, id, town.colleague, later)
    assert taken.claimed_by == town.colleague.id
    assert "赵值班从李值班接手 took over" in texts(town)


def test_a_console_that_goes_silent_is_reported_once_and_the_case_can_be_renewed(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "1")
    id = town.card("王秀英").id
    responses.claim(town.store, id, town.operator, town.time)

    town.pass_time(seconds=46)
    assert sum(entry.entry is Entry.LEASE_LOST for entry in town.detail("王秀英").timeline) == 1

    responses.renew(town.store, id, town.operator, town.time)
    town.pass_time(seconds=46)
    assert sum(entry.entry is Entry.LEASE_LOST for entry in town.detail("王秀英").timeline) == 2


def test_only_the_owner_renews(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    id = town.card("王秀英").id
    with pytest.raises(Conflict, match="claim it first"):
        responses.renew(town.store, id, town.operator, town.time)
    responses.claim(town.store, id, town.operator, town.time)
    with pytest.raises(Conflict, match="李值班"):
        responses.renew(town.store, id, town.colleague, town.time)


def test_what_does_not_exist_or_is_over_is_said_plainly(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    id = town.card("王秀英").id
    town.close("王秀英")

    with pytest.raises(NotFound, match="no incident 4711"):
        responses.claim(town.store, 4711, town.operator, town.time)
    with pytest.raises(Conflict, match="is closed"):
        responses.claim(town.store, id, town.operator, town.time)
    with pytest.raises(Conflict, match="is closed"):
        responses.close(town.store, id, town.operator, CloseCode.HELPED, "", town.time)
    with pytest.raises(Invalid, match="write something"):
        responses.note(town.store, id, town.operator, " \n", town.time)
    responses.note(town.store, id, town.operator, "家属来电致谢", town.time)
    assert texts(town)[-1] == "家属来电致谢"


def test_an_error_keeps_nothing(store: Store, town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    before = town.detail("王秀英") if town.cards() else None

    class PowerCut(Exception):
        pass

    def press_and_die() -> None:
        with store.write() as connection:
            intake.take(connection, [town.reading("王秀英", Kind.SOS)], town.plans, town.time)
            raise PowerCut

    with pytest.raises(PowerCut):
        press_and_die()

    assert before is None
    assert town.cards() == ()
    town.press("王秀英")
    with store.read() as connection:
        assert [entry.seq for entry in town.detail("王秀英").timeline][:2] == [1, 2]
        assert connection.execute(select(incident.c.id)).scalars().all() == [town.card("王秀英").id]


# ---- sending somebody by hand ----


def test_an_operator_can_send_somebody_by_hand(town: Town) -> None:
    town.resident("王秀英")
    by_hand = town.responder("老赵", metres=6000, duty=(0, 1))
    town.press("王秀英")
    id = town.card("王秀英").id

    offer = responses.ask_responder(town.store, id, by_hand, town.operator, town.time)
    town.work()

    assert offer.expires_at == town.time + timedelta(seconds=60)
    assert "请去和平社区幸福里3幢2单元500" in town.heard("老赵")[0]
    with pytest.raises(Conflict, match="is being asked already"):
        responses.ask_responder(town.store, id, by_hand, town.operator, town.time)
    town.pass_time(seconds=60)
    assert town.asked("王秀英")["老赵"] is OfferState.EXPIRED
    responses.ask_responder(town.store, id, by_hand, town.operator, town.time)
    town.work()
    assert len(town.heard("老赵")) == 2


def test_who_was_sent_by_hand_before_the_engine_looked_is_not_asked_twice(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    worker = town.responder("李强", metres=400)
    with town.store.write() as connection:
        intake.take(connection, [town.reading("王秀英", Kind.SOS)], town.plans, town.time)

    responses.ask_responder(town.store, town.card("王秀英").id, worker, town.operator, town.time)
    town.work()

    assert len(town.heard("李强")) == 1
    assert len(town.heard("女儿")) == 1


def test_a_case_whose_plan_is_broken_can_be_handled_by_hand(town: Town) -> None:
    town.resident("王秀英")
    worker = town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "2")
    id = town.card("王秀英").id
    with town.store.write() as connection:
        connection.execute(update(incident).values(plan="{half a plan"))

    responses.ask_responder(town.store, id, worker, town.operator, town.time)
    responses.answer_offer(
        town.store, offer_of(town, "李强"), OfferState.ARRIVED, f"responder:{worker}", town.time
    )

    assert town.card("王秀英").stage is Stage.ON_SCENE
    town.close("王秀英")


def test_a_device_without_a_home_cannot_have_somebody_sent_to_it(town: Town) -> None:
    worker = town.responder("李强", metres=400)
    town.say("", Kind.SOS, device="care:town/new")
    [card] = town.open_cards()

    with pytest.raises(Invalid, match="enrol the device"):
        responses.ask_responder(town.store, card.id, worker, town.operator, town.time)


# ---- responders ----


def test_a_worker_may_change_her_mind_as_often_as_she_likes(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")

    for text in ("1", "2", "1", "2", "1"):
        town.answer("李强", text)

    assert town.asked("王秀英") == {"李强": OfferState.ACCEPTED}
    assert town.card("王秀英").stage is Stage.COVERED


def test_a_yes_after_the_time_ran_out_is_as_welcome(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.pass_time(seconds=70)
    assert town.asked("王秀英") == {"李强": OfferState.EXPIRED}

    town.answer("李强", "1")

    assert town.asked("王秀英") == {"李强": OfferState.ACCEPTED}


def test_a_yes_repeated_after_setting_out_is_kept_and_changes_nothing(town: Town) -> None:
    town.resident("王秀英")
    worker = town.responder("李强", metres=400)
    town.press("王秀英")
    town.pass_time(minutes=6)  # let it pass once, was asked again
    assert len(town.heard("李强")) == 2
    town.answer("李强", "1")
    responses.answer_offer(
        town.store, offer_of(town, "李强"), OfferState.ON_THE_WAY, f"responder:{worker}", town.time
    )

    town.answer("李强", "1")

    newest = max(town.card("王秀英").helpers, key=lambda helper: helper.offer_id)
    assert newest.state is OfferState.ON_THE_WAY
    assert "李强回复“1”:能赶到" in texts(town)[-1]


def test_saying_the_same_twice_is_harmless_and_a_step_back_is_refused(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    worker = town.responder("李强", metres=400)
    town.press("王秀英")
    actor = f"responder:{worker}"
    id = offer_of(town, "李强")

    responses.answer_offer(town.store, id, OfferState.ACCEPTED, actor, town.time, eta_min=7)
    responses.answer_offer(town.store, id, OfferState.ACCEPTED, actor, town.time)
    town.work()
    assert town.heard("女儿")[1:] == ["【2222999】网格员李强已接单,约7分钟到王秀英家。"]
    responses.answer_offer(town.store, id, OfferState.ARRIVED, actor, town.time, remark="老人清醒")
    with pytest.raises(Conflict, match="is already arrived"):
        responses.answer_offer(town.store, id, OfferState.ACCEPTED, actor, town.time)
    with pytest.raises(Invalid, match="is no answer"):
        responses.answer_offer(town.store, id, OfferState.WITHDRAWN, actor, town.time)
    with pytest.raises(NotFound, match="no offer 4711"):
        responses.answer_offer(town.store, 4711, OfferState.ACCEPTED, actor, town.time)


def test_one_who_is_done_without_having_said_that_she_arrived_was_there(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "1")
    town.pass_time(minutes=2)

    town.answer("李强", "5")

    assert town.card("王秀英").stage is Stage.ON_SCENE
    assert town.card("王秀英").on_scene_at == town.time


# ---- texts that come back ----


def test_a_text_that_is_not_understood_waits_for_an_operator(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")

    town.answer("女儿", "她怎么样了?")

    with town.store.read() as connection:
        [line] = views.replies_waiting(connection)
    assert (line.body, line.incident_id) == ("她怎么样了?", town.card("王秀英").id)
    responses.see_reply(town.store, line.id, town.operator, town.time)
    responses.see_reply(town.store, line.id, town.operator, town.time)
    with town.store.read() as connection:
        assert views.replies_waiting(connection) == ()
    assert sum("已查看" in text for text in texts(town)) == 1


def test_the_same_text_delivered_twice_is_taken_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")

    town.answer("女儿", "1", dedupe_key="SM1")
    town.answer("女儿", "1", dedupe_key="SM1")

    assert sum(entry.entry is Entry.REPLY for entry in town.detail("王秀英").timeline) == 1


def test_an_answer_that_could_belong_to_two_cases_is_decided_by_an_operator(town: Town) -> None:
    first, second = town.resident("王秀英"), town.resident("赵玉兰")
    with town.store.write() as connection:
        for home in (first, second):
            register.set_contacts(connection, home, (Contact(0, home, 1, "女儿", "女儿", "+8613912345678"),))
    town.people["女儿"] = "+8613912345678"
    town.press("王秀英")
    town.press("赵玉兰")

    town.answer("女儿", "去不了")

    with town.store.read() as connection:
        [line] = views.replies_waiting(connection)
    assert line.incident_id is None
    assert not any(entry.entry is Entry.REPLY for entry in town.detail("王秀英").timeline)


def test_odd_texts_are_kept_and_raise_nothing(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    odd = [
        ("+8613999999999", "1"),
        ("", "1"),
        ("anonymous", ""),
        ("+86139000000019999999999999999999999999999999", "1"),
        (town.people["女儿"], "a\x00b"),
        (town.people["女儿"], "好" * 2000),
    ]

    for number, (phone, body) in enumerate(odd):
        responses.reply(town.store, phone, body, f"SM{number}", town.time)

    with town.store.read() as connection:
        assert len(connection.execute(select(replies.c.id)).all()) == len(odd)


# ---- receipts ----


def sent_text(town: Town) -> str:
    """王秀英's daughter has been sent a text that nobody has confirmed; its key."""
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.phones.delivers = False
    town.press("王秀英")
    return f"i{town.card('王秀英').id}.r1.contact:1"


def state_of(town: Town, key: str) -> MessageState:
    with town.store.read() as connection:
        return MessageState(
            connection.execute(select(message.c.state).where(message.c.key == key)).scalar_one()
        )


def first_contact_key(town: Town) -> str:
    return next(key for key in town.phones.keys if ".r1.contact:" in key)


@pytest.mark.parametrize(
    "order, final",
    [
        ((MessageState.SENT, MessageState.DELIVERED), MessageState.DELIVERED),
        ((MessageState.DELIVERED, MessageState.SENT), MessageState.DELIVERED),
        ((MessageState.DELIVERED, MessageState.FAILED), MessageState.DELIVERED),
        ((MessageState.FAILED, MessageState.DELIVERED), MessageState.DELIVERED),
        ((MessageState.UNDELIVERABLE, MessageState.SENT), MessageState.UNDELIVERABLE),
        ((MessageState.SENDING, MessageState.SENDING), MessageState.SENT),
    ],
)
def test_receipts_may_come_in_any_order_and_doubled(
    town: Town, order: tuple[MessageState, ...], final: MessageState
) -> None:
    sent_text(town)
    key = first_contact_key(town)

    for state in (*order, *order):
        assert responses.receipt(town.store, "SM9", state, "", town.time, key=key)

    assert state_of(town, key) is final


def test_a_receipt_that_overtakes_our_own_record_is_worth_more(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    with town.store.write() as connection:
        intake.take(connection, [town.reading("王秀英", Kind.SOS)], town.plans, town.time)
    town.engine.tick(town.time)
    with town.store.read() as connection:
        key = connection.execute(select(message.c.key)).scalar_one()
    town.phones.delivers = False
    town.phones.overtaken_by = lambda sent: responses.receipt(
        town.store, "SM1", MessageState.DELIVERED, "", town.time, key=sent.key
    )

    town.work()

    assert state_of(town, key) is MessageState.DELIVERED
    assert town.heard("女儿") != []


@pytest.mark.parametrize("word", [MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED])
def test_a_receipt_for_a_text_we_believed_lost_keeps_it_from_being_sent_again(
    town: Town, word: MessageState
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    daughter = town.people["女儿"]
    town.phones.trouble[daughter] = TryLater("time-out")
    town.press("王秀英")
    with town.store.read() as connection:
        key = connection.execute(select(message.c.key)).scalar_one()

    assert responses.receipt(town.store, "SM1", word, "", town.time, key=key)
    del town.phones.trouble[daughter]
    town.pass_time(seconds=30)

    assert town.heard("女儿") == []
    assert state_of(town, key) is (MessageState.SENT if word is MessageState.SENDING else word)


@pytest.mark.parametrize("lost", [MessageState.FAILED, MessageState.UNDELIVERABLE])
def test_a_text_that_did_not_arrive_moves_the_ladder_on_at_once(town: Town, lost: MessageState) -> None:
    sent_text(town)
    assert town.heard("邻居") == []

    responses.receipt(town.store, "SM1", lost, "30003", town.time, key=first_contact_key(town))
    town.work()

    assert len(town.heard("邻居")) == 1
    assert any(text.endswith(":30003") for text in texts(town))


def test_a_receipt_for_a_message_of_nobody_is_refused(town: Town) -> None:
    assert not responses.receipt(town.store, "SM404", MessageState.SENT, "", town.time)
    assert not responses.receipt(town.store, "SM404", MessageState.SENT, "", town.time, key="i9.r9.x")
    assert not responses.receipt(town.store, "", MessageState.SENT, "", town.time)


def test_a_late_receipt_for_a_closed_case_is_recorded_and_opens_nothing(town: Town) -> None:
    sent_text(town)
    key = first_contact_key(town)
    town.close("王秀英")

    assert responses.receipt(town.store, "SM1", MessageState.UNDELIVERABLE, "", town.time, key=key)
    town.work()

    assert town.card("王秀英").stage is Stage.CLOSED
    assert state_of(town, key) is MessageState.UNDELIVERABLE


# ---- closing ----


def test_closing_tells_the_end_once_also_to_whom_got_a_new_number_on_the_way(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    with town.store.write() as connection:
        [contact] = register.household_by_id(connection, home).contacts
        connection.execute(
            update(message).where(message.c.who == f"contact:{contact.id}").values(phone="+8613911111111")
        )
    town.pass_time(minutes=6)  # the last rung has repeated, to the number of today
    town.people["旧号"] = "+8613911111111"

    town.close("王秀英")

    assert town.card("王秀英").stage is Stage.CLOSED
    ends = [body for _, body in town.phones.texts if "处理完毕" in body]
    assert len(ends) == 1
    assert town.heard("女儿")[-1] == ends[0]


def test_a_case_that_nobody_has_claimed_cannot_be_closed(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    id = town.card("王秀英").id

    with pytest.raises(Conflict, match="claim it first"):
        responses.close(town.store, id, town.operator, CloseCode.FALSE_PRESS, "", town.time)

    assert town.card("王秀英").stage is Stage.RAISED


def test_a_press_while_the_case_is_being_closed_is_not_closed_with_it(town: Town) -> None:
    """The window in which she chooses the code hides the case: nobody would hear of a press behind it."""
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.claim("王秀英")
    card = town.card("王秀英")
    town.press("王秀英")

    with pytest.raises(Conflict, match="又有紧急呼叫"):
        close(town, card.id, seen=card.version)

    assert town.card("王秀英").stage is Stage.CLAIMED
    assert town.heard("女儿") == town.heard("女儿")[:1], "nobody was told that it is over"
    close(town, card.id, seen=town.card("王秀英").version)
    assert town.card("王秀英").stage is Stage.CLOSED


@pytest.mark.parametrize(
    ("kind", "state"),
    [(Kind.LOW_BATTERY, State.ACTIVE), (Kind.SMOKE, State.CLEAR), (Kind.CANCEL, State.ACTIVE)],
)
def test_only_what_somebody_may_need_help_for_keeps_a_case_from_being_closed(
    town: Town, kind: Kind, state: State
) -> None:
    town.resident("王秀英")
    town.smoke("王秀英")
    town.claim("王秀英")
    card = town.card("王秀英")
    town.say("王秀英", kind, state=state, device="care:town/王秀英/smoke")

    close(town, card.id, seen=card.version)

    assert town.card("王秀英").stage is Stage.CLOSED


def close(town: Town, incident_id: int, seen: int) -> None:
    responses.close(town.store, incident_id, town.operator, CloseCode.HELPED, "", town.time, seen=seen)
    town.work()


def test_what_closing_ends_is_not_written_down_as_somebodys_word(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.responder("诊所", metres=500, kind=ResponderKind.CLINIC)
    town.press("王秀英")
    town.answer("李强", "4")

    town.close("王秀英")

    assert "李强随结案记为处理完毕 counted as done by closing" in texts(town)
    assert "诊所随结案撤回 withdrawn by closing" in texts(town)


def test_closing_cancels_what_has_not_left(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子"))
    town.phones.trouble[town.people["女儿"]] = TryLater("busy", wait_s=30)
    town.press("王秀英")

    town.close("王秀英", CloseCode.FALSE_PRESS)
    town.phones.trouble.clear()
    town.pass_time(minutes=2)

    assert not any("紧急按钮,和平" in body for body in town.heard("女儿"))
    assert len(town.heard("儿子")) == 2


def test_who_may_have_got_the_alarm_hears_that_it_is_over(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.phones.trouble[town.people["女儿"]] = TryLater("HTTP 500: it may have left")
    town.press("王秀英")
    town.phones.trouble.clear()

    town.close("王秀英", CloseCode.FALSE_PRESS)

    assert town.heard("女儿") == ["【2222999】已核实:王秀英误按按钮,人平安,不用赶来。"]


def test_a_text_that_could_not_leave_before_the_end_does_not_wait_for_ever(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    with town.store.write() as connection:
        intake.take(connection, [town.reading("王秀英", Kind.SOS)], town.plans, town.time)
    town.engine.tick(town.time)
    town.phones.trouble[town.people["女儿"]] = TryLater("busy")
    town.claim("王秀英")
    town.phones.overtaken_by = lambda _: responses.close(
        town.store, town.card("王秀英").id, town.operator, CloseCode.TEST, "", town.time
    )
    town.work()
    town.phones.trouble.clear()
    town.pass_time(minutes=2)

    with town.store.read() as connection:
        states = set(connection.execute(select(message.c.state)).scalars())
    assert not states & {MessageState.QUEUED.value, MessageState.SENDING.value}


def test_every_code_has_its_closing_text(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    for times, code in enumerate(CloseCode, start=1):
        town.press("王秀英")
        town.close("王秀英", code)

        assert town.card("王秀英").close_code is code
        assert len(town.heard("女儿")) == 2 * times


def test_one_who_is_there_is_done_and_those_who_were_asked_are_stood_down(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    town.responder("诊所", metres=500, kind=ResponderKind.CLINIC)
    town.press("王秀英")
    town.answer("李强", "4")
    town.answer("诊所", "2")

    town.close("王秀英")

    assert town.asked("王秀英") == {
        "李强": OfferState.DONE,
        "张敏": OfferState.WITHDRAWN,
        "诊所": OfferState.DECLINED,
    }
    assert "您不用去了" in town.heard("张敏")[-1]
    assert "不用再去了" not in town.heard("李强")[-1] + town.heard("诊所")[-1]


def test_seeing_what_is_not_there_is_said(town: Town) -> None:
    with pytest.raises(NotFound, match="nothing unread"):
        responses.see_unread(town.store, 1, town.operator, town.time)
