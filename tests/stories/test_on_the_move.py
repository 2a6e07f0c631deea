"""Who is nearer by her own telephone is asked first, and nobody is followed whom nobody needs."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from community.errors import Conflict
from community.model import Position, ResponderKind, Whereabouts
from community.storage import register, whereabouts
from devices.profiles import shipped
from devices.signal import Frame
from dispatcher import responses, retention
from dispatcher.bell import LocalBell
from dispatcher.model import OfferState
from dispatcher.patrol import Patrol
from dispatcher.storage import supervised
from dispatcher.storage.planbook import Planbook
from dispatcher.whereabouts import forget, from_page
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.town import Town

PHONE = "owntracks:zhang/phone"
AT_HERS = {"lat": 37.59, "lon": 118.5502, "acc": 8}


class Gateway:
    """A gateway that hears the telephones of staff."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.parts = Parts(
            town.store, Planbook(town.plans), shipped(), town, LocalBell(), LastSeen(), LastLife()
        )
        self.receiver = Receiver(self.parts)

    def hears(self, retained: bool = False, late: timedelta = timedelta(), **said: object) -> int:
        """OwnTracks tells a place, found `late` ago; returns of how many responders that was news."""
        found_at = int((self.town.time - late).timestamp())
        body = orjson.dumps({"_type": "location", "tst": found_at, "batt": 9} | AT_HERS | said)
        self.receiver.take([Frame("owntracks/zhang/phone", body, self.town.time, retained)])
        self.town.work()
        self.parts.seen.flush(self.town.store)
        self.parts.strangers.flush(self.town.store, self.town.time)
        return self.parts.places.flush(self.town.store, self.town.time)


@pytest.fixture
def gateway(town: Town) -> Gateway:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    zhang = town.responder("张敏", metres=900)
    with town.store.write() as connection:
        whereabouts.set_phone(connection, zhang, PHONE)
    return Gateway(town)


def first_asked(town: Town) -> str:
    town.press("王秀英")
    return next(iter(town.asked("王秀英")))


def place_of(town: Town, name: str) -> Whereabouts | None:
    with town.store.read() as connection:
        [found] = register.by_phone(connection, town.people[name])
        return whereabouts.of(connection, found.id)


def test_the_worker_who_is_nearer_by_her_telephone_is_asked_first(town: Town, gateway: Gateway) -> None:
    assert gateway.hears() == 1
    assert first_asked(town) == "张敏"
    why = next(helper.why for helper in town.card("王秀英").helpers if helper.name == "张敏")
    assert "按14:05的手机定位" in why
    assert town.heard("女儿")
    assert not any("定位" in text for text in town.heard("女儿"))


def test_a_dispatcher_at_work_follows_who_moves(town: Town, gateway: Gateway) -> None:
    town.resident("赵建国")
    assert first_asked(town) == "李强"
    town.pass_time(seconds=1)
    gateway.hears()
    town.press("赵建国")
    assert next(iter(town.asked("赵建国"))) == "张敏"


@pytest.mark.parametrize(
    "late, said",
    [
        (timedelta(hours=1), {}),  # kept by her telephone while it had no network
        (timedelta(hours=-1), {}),  # its clock is wrong
        (timedelta(minutes=10), {}),
        (timedelta(), {"acc": 1500}),  # a mast, not a place
        (timedelta(), {"tst": None}),  # nobody knows when that was
    ],
)
def test_a_place_that_is_old_rough_or_of_a_wrong_clock_changes_nothing(
    town: Town, gateway: Gateway, late: timedelta, said: dict[str, object]
) -> None:
    assert gateway.hears(late=late, **said) == 0
    assert place_of(town, "张敏") is None
    assert first_asked(town) == "李强"


def test_what_the_broker_kept_counts_by_its_own_time(town: Town, gateway: Gateway) -> None:
    assert gateway.hears(retained=True, late=timedelta(hours=2)) == 0
    assert gateway.hears(retained=True, late=timedelta(minutes=2)) == 1
    assert first_asked(town) == "张敏"


def test_a_place_of_which_nothing_newer_is_heard_is_forgotten_and_she_is_at_her_post_again(
    town: Town, gateway: Gateway
) -> None:
    gateway.hears()
    forgetting = retention.of_places(town.store)
    forgetting.turn(town.time)
    assert place_of(town, "张敏") is not None
    town.pass_time(minutes=10)
    forgetting.turn(town.time)
    assert place_of(town, "张敏") is None
    assert first_asked(town) == "李强"


def test_a_place_pages_nobody_and_leaves_no_trace(town: Town, gateway: Gateway) -> None:
    for minute in range(3):
        gateway.hears(lat=37.58 + minute / 1000)
        town.pass_time(minutes=1)
    town.pass_time(minutes=5)
    for days in range(3):
        Patrol(town.store, Planbook(town.plans)).tick(town.time + timedelta(days=days))
    assert town.cards() == ()  # nor does a battery of nine per cent, nor a telephone that is switched off
    assert town.phones.texts == []
    with town.store.read() as connection:
        zhang = id_of(town, "张敏")
        assert list(whereabouts.newest(connection)) == [zhang]
        telephone = whereabouts.phone_of(connection, zhang)
        assert telephone is not None
        assert telephone.last_seen_at is not None
        assert supervised.statuses(connection, [telephone.id]) == {}
        for table in ("signal", "unread", "device_proposal", "timeline"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table


def id_of(town: Town, name: str) -> int:
    with town.store.read() as connection:
        return register.by_phone(connection, town.people[name])[0].id


def test_who_is_off_duty_is_not_followed_until_she_is_on_a_case(town: Town, gateway: Gateway) -> None:
    with town.store.write() as connection:
        person = register.responder_by_id(connection, id_of(town, "张敏"))
        register.update_responder(connection, person, ())
    assert gateway.hears() == 0
    town.press("王秀英")
    responses.ask_responder(town.store, town.card("王秀英").id, person.id, town.operator, town.time)
    assert gateway.hears() == 1


def test_a_telephone_of_nobody_is_not_followed(town: Town, gateway: Gateway) -> None:
    with town.store.write() as connection:
        whereabouts.drop_phone(connection, id_of(town, "张敏"))
    assert gateway.hears() == 0


def test_whom_the_operator_sends_by_hand_is_as_far_as_her_telephone_says(
    town: Town, gateway: Gateway
) -> None:
    gateway.hears()
    town.press("王秀英")
    town.answer("张敏", "2")
    offer = responses.ask_responder(
        town.store, town.card("王秀英").id, id_of(town, "张敏"), town.operator, town.time
    )
    assert offer.distance_m == pytest.approx(18, abs=2)


def test_her_page_may_tell_her_place_while_she_is_asked_and_no_longer(town: Town) -> None:
    town.resident("王秀英")
    li = town.responder("李强", metres=400)
    here = Position(118.5502, 37.59, "page", 15.0)

    def tells() -> None:
        from_page(town.store, li, here, town.time)

    with pytest.raises(Conflict, match="nobody needs to know"):
        tells()
    town.press("王秀英")
    assert town.asked("王秀英") == {"李强": OfferState.ASKED}
    tells()
    told = place_of(town, "李强")
    assert told is not None
    assert told.position == here
    town.answer("李强", "1")
    town.pass_time(minutes=2)
    tells()
    forget(town.store, li)
    assert place_of(town, "李强") is None
    town.close("王秀英")
    with pytest.raises(Conflict):
        tells()


def test_a_clinic_is_not_followed(town: Town) -> None:
    town.resident("王秀英")
    clinic = town.responder("卫生服务中心", metres=400, kind=ResponderKind.CLINIC)
    town.press("王秀英")
    with pytest.raises(Conflict):
        from_page(town.store, clinic, Position(118.55, 37.59, "page"), town.time)
