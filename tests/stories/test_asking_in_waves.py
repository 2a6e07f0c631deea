"""Several are asked at once, the first yes is enough, and nobody sets out for nothing."""

from __future__ import annotations

import threading

from community.errors import Conflict
from community.model import ResponderKind
from devices.signal import Kind
from dispatcher import intake, responses
from dispatcher.model import Entry, Offer, OfferState, Stage
from tests.town import Town

COVERED = "【2222999】网格员李强已接单去王秀英家,您不用去了,谢谢。"


def three_workers_and_a_clinic(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    town.responder("小刘", metres=3000)
    town.responder("和平诊所", metres=900, kind=ResponderKind.CLINIC)
    town.press("王秀英")


def offer_of(town: Town, who: str) -> int:
    return max(helper.offer_id for helper in town.card("王秀英").helpers if helper.name == who)


def test_the_first_who_accepts_frees_the_others_of_his_wave_and_not_the_clinic(town: Town) -> None:
    three_workers_and_a_clinic(town)

    town.answer("李强", "1")

    assert town.asked("王秀英") == {
        "李强": OfferState.ACCEPTED,
        "张敏": OfferState.WITHDRAWN,
        "和平诊所": OfferState.ASKED,
    }
    assert town.heard("张敏")[1:] == [COVERED]
    assert len(town.heard("和平诊所")) == 1
    assert "已有李强,不用再去:张敏 covered, withdrawn" in [e.text for e in town.detail("王秀英").timeline]
    town.answer("和平诊所", "1")
    assert town.asked("王秀英")["和平诊所"] is OfferState.ACCEPTED


def test_a_clinic_that_declines_is_replaced_although_a_worker_is_on_the_way(town: Town) -> None:
    three_workers_and_a_clinic(town)
    town.responder("城东诊所", metres=5000, kind=ResponderKind.CLINIC)
    town.answer("李强", "1")

    town.answer("和平诊所", "2")

    assert town.asked("王秀英")["城东诊所"] is OfferState.ASKED
    assert "小刘" not in town.asked("王秀英")


def test_two_who_accept_in_the_same_second_do_not_both_come(town: Town) -> None:
    three_workers_and_a_clinic(town)
    offers = {who: offer_of(town, who) for who in ("李强", "张敏")}
    ready = threading.Barrier(2)
    outcomes: dict[str, Offer | Conflict] = {}

    def accept(who: str) -> None:
        ready.wait()
        try:
            outcomes[who] = responses.answer_offer(
                town.store, offers[who], OfferState.ACCEPTED, f"responder:{who}", town.time
            )
        except Conflict as refused:
            outcomes[who] = refused

    threads = [threading.Thread(target=accept, args=(who,)) for who in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.work()

    [won] = [who for who, outcome in outcomes.items() if isinstance(outcome, Offer)]
    [(lost, refused)] = [(who, one) for who, one in outcomes.items() if isinstance(one, Conflict)]
    assert refused.code == "covered"
    assert won in refused.message
    states = town.asked("王秀英")
    assert (states[won], states[lost]) == (OfferState.ACCEPTED, OfferState.WITHDRAWN)
    assert f"{won}已接单" in town.heard(lost)[-1]
    assert len(town.heard(lost)) == 2
    assert len([text for text in town.heard("女儿") if "已接单" in text]) == 1


def test_a_yes_by_text_that_crosses_anothers_is_answered_politely_and_once(town: Town) -> None:
    three_workers_and_a_clinic(town)
    town.answer("李强", "1")

    town.answer("张敏", "1")
    town.answer("张敏", "好的")

    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert town.heard("张敏")[1:] == [COVERED]


def test_one_who_slept_and_says_yes_when_another_is_coming_is_told_so(town: Town) -> None:
    three_workers_and_a_clinic(town)
    town.pass_time(seconds=60)  # both let it pass; now 小刘 is asked
    town.answer("小刘", "1")

    town.answer("张敏", "1")

    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert "网格员小刘已接单" in town.heard("张敏")[-1]
    town.answer("小刘", "2")
    assert len([text for text in town.heard("张敏") if "请去" in text]) == 2  # she was willing: asked again


def test_who_accepted_and_then_declines_is_replaced_at_once_and_the_daughter_hears_of_it(town: Town) -> None:
    three_workers_and_a_clinic(town)
    town.answer("李强", "1")
    town.pass_time(seconds=20)

    town.answer("李强", "2")

    assert town.heard("女儿")[1:] == [
        "【2222999】网格员李强已接单,约3分钟到王秀英家。",
        "【2222999】网格员李强来不了了,正在另请人去王秀英家。",
    ]
    assert town.asked("王秀英")["张敏"] is OfferState.ASKED  # had been told not to come: asked anew
    assert town.asked("王秀英")["小刘"] is OfferState.ASKED
    assert town.card("王秀英").stage is Stage.RAISED

    town.answer("张敏", "1")
    assert town.asked("王秀英")["张敏"] is OfferState.ACCEPTED
    assert "网格员张敏已接单" in town.heard("女儿")[-1]


def test_one_who_was_told_not_to_come_and_stands_at_the_door_is_there(town: Town) -> None:
    three_workers_and_a_clinic(town)
    town.answer("李强", "1")

    town.answer("张敏", "4")

    assert town.asked("王秀英")["张敏"] is OfferState.ARRIVED
    assert town.card("王秀英").stage is Stage.ON_SCENE


def test_an_operator_may_send_a_second_one_by_hand(town: Town) -> None:
    three_workers_and_a_clinic(town)
    by_hand = town.responder("老赵", metres=6000)
    town.answer("李强", "1")
    responses.ask_responder(town.store, town.card("王秀英").id, by_hand, town.operator, town.time)

    town.answer("老赵", "1")

    assert town.asked("王秀英")["老赵"] is OfferState.ACCEPTED


def test_a_request_that_has_not_left_yet_is_cancelled_and_its_receiver_never_disturbed(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    with town.store.write() as connection:
        intake.take(connection, [town.reading("王秀英", Kind.SOS)], town.plans, town.time)
    town.engine.tick(town.time)

    responses.answer_offer(
        town.store, offer_of(town, "李强"), OfferState.ACCEPTED, "responder:1", town.time, eta_min=3
    )
    town.work()

    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert town.heard("张敏") == []


def test_when_the_eight_nearest_have_all_declined_the_ninth_is_asked(town: Town) -> None:
    town.resident("王秀英")
    names = [f"网格员{number:02}" for number in range(1, 15)]
    for place, name in enumerate(names, start=1):
        town.responder(name, metres=100 * place)
    town.press("王秀英")

    for name in names[:12]:
        town.answer(name, "2")

    asked = town.asked("王秀英")
    assert [asked[name] for name in names[12:]] == [OfferState.ASKED, OfferState.ASKED]


def test_one_who_is_done_at_once_frees_the_others_too(town: Town) -> None:
    three_workers_and_a_clinic(town)

    town.answer("李强", "5")

    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert town.asked("王秀英")["和平诊所"] is OfferState.ASKED


def test_setting_out_without_a_word_before_is_an_acceptance(town: Town) -> None:
    three_workers_and_a_clinic(town)

    responses.answer_offer(
        town.store, offer_of(town, "李强"), OfferState.ON_THE_WAY, "responder:1", town.time
    )
    town.work()

    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert "李强已接单" in town.heard("女儿")[-1]
    assert sum(e.entry is Entry.STAGE for e in town.detail("王秀英").timeline) == 1
