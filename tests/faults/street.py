"""The Kenli street while things break: who presses, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import or_, select

from community.model import Account, AccountRole
from community.storage import accounts
from community.storage.tables import incident, timeline
from devices.signal import Kind, Reading, Signal
from devices.sim.player import Sender, play
from devices.sim.roster import Device
from devices.sim.speech import Emission
from dispatcher import intake
from dispatcher.clock import SystemClock
from dispatcher.model import LOOK_AT_LEAST, Entry, Plan, Severity, Threshold
from dispatcher.plans import SHIPPED, Plans, load
from dispatcher.storage.planbook import Planbook
from tests.dispatcher.provider import Provider
from tests.gateway.conftest import STREET, Centre, url_of
from tests.servers import Part, until

WITHIN_S = 120.0  # never waited for in vain: as long as the slowest machine may take

BUTTONS = tuple(
    Device(device.key, "native", f"care/{device.key.removeprefix('care:')}/signal", device.role)
    for device in STREET.devices
    if device.key.startswith("care:")
)
PATIENCE_S = 1500
SHIPPED_PLANS = load(SHIPPED.read_text("utf-8"))
AREA_PLAN = next(plan for plan in SHIPPED_PLANS.all if plan.name == "area-cries")


def _patient() -> tuple[Plan, Plan]:
    """The shipped plans of a press, but whoever is told first is waited for throughout a test, however slow
    the machine, and no area has a case of its own: so the number of texts is known beforehand.
    """
    homes = SHIPPED_PLANS.of(Kind.SOS, Severity.EMERGENCY)
    first, *_, last = homes.rungs
    return (
        replace(homes, rungs=(first, replace(last, after_s=PATIENCE_S)), offer_s=PATIENCE_S),
        replace(AREA_PLAN, threshold=Threshold(1_000_000, 60)),
    )


PATIENT = _patient()
PLANS = SHIPPED_PLANS.edited(PATIENT[0]).edited(PATIENT[1])


def be_patient(centre: Centre) -> None:
    for plan in PATIENT:
        edit(centre, plan)


def edit(centre: Centre, plan: Plan) -> None:
    """As an administrator would, on the page."""
    with centre.store.write() as connection:
        book = Planbook(SHIPPED_PLANS)
        known = book.current(connection).named(plan.name)
        assert known is not None
        login = f"{plan.name}-{known.version}"
        account = accounts.create_account(connection, Account(0, login, "潘管理", AccountRole.ADMIN), "-")
        book.edit(connection, plan, known.version, account.id, SystemClock().now())


def keys_of(emissions: Iterable[Emission]) -> set[str]:
    """The unique keys that the store must know in the end."""
    return {f"{_device_of(emission)}#{emission.receipt}" for emission in emissions}


def soon(times_said: int) -> float:
    """Like the documented pauses, and shorter, to be done in time."""
    return min(0.5 * times_said, 2.0)


class Sending:
    """Presses on their way, in a thread of their own."""

    def __init__(
        self, sender: Sender, emissions: list[Emission], told: Callable[[Emission], object] = lambda _: None
    ) -> None:
        self._sender = sender
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=play, args=(sender, emissions, self._stopping, told))
        self._thread.start()

    def has_said(self, count: int, within_s: float = WITHIN_S) -> None:
        assert until(lambda: self._sender.tally().said >= count, within_s, every_s=0.005)

    def end(self) -> None:
        self._stopping.set()
        self._thread.join()


def dispatcher(centre: Centre, folder: Path, **more: str) -> Part:
    """One more dispatcher, not started yet."""
    folder.mkdir(exist_ok=True)
    more = {"ANXIN_RUN_FOLDER": str(centre.gateway.log.parent / "lives")} | more
    return Part("dispatcher", folder, url_of(centre.store), centre.mosquitto.port, **more)


def by_twilio(centre: Centre, folder: Path, provider: Provider, **more: str) -> Part:
    return dispatcher(
        centre,
        folder,
        ANXIN_CHANNELS="twilio",
        ANXIN_TWILIO_BASE_URL=provider.url,
        ANXIN_TWILIO_ACCOUNT_SID="AC1",
        ANXIN_TWILIO_AUTH_TOKEN="secret",
        ANXIN_TWILIO_FROM="+15005550006",
        **more,
    )


class Arrives(Provider):
    """A provider whose clock goes on and whose texts arrive, as it says when asked.

    Else earlier attempts would be unknown, and others told for want of receipts, when a test takes a minute.
    """

    def take(self, resource: str, form: dict[str, str], status: str = "queued") -> dict[str, object]:
        self.now = SystemClock().now()
        return super().take(resource, form, "delivered" if status == "queued" else status)


def gateway(centre: Centre, folder: Path, name: str, topics: str = "") -> Part:
    """One more gateway with a session of its own, not started yet."""
    folder.joinpath(name).mkdir()
    more = {"ANXIN_GATEWAY_ID": name, "ANXIN_TOPICS": topics}
    return Part("gateway", folder / name, url_of(centre.store), centre.mosquitto.port, **more)


def others(centre: Centre) -> list[int]:
    """The server's processes that work for somebody else in this database."""
    found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return [pid for (pid,) in centre.rows(found)]


# Said in a transaction of the test's own that holds a lock: on a slow machine it lasts longer than ours may.
PATIENTLY = "SET LOCAL idle_in_transaction_session_timeout = 0"


def take_in(
    centre: Centre, buttons: Iterable[Device], plans: Plans = PLANS, off: timedelta = timedelta(0)
) -> None:
    """A gateway has stored a press of each of `buttons`, and nobody has looked yet; its clock is `off`."""
    now = SystemClock().now() + off
    readings = [Reading((Signal(button.key, Kind.SOS, f"{button.key}#in", now),)) for button in buttons]
    with centre.store.write() as connection:
        intake.take(connection, readings, plans, now)


# A request that left as a part of another text did not leave by itself.
ALONE = "id NOT IN (SELECT message_id FROM bundled)"


def received(centre: Centre) -> int:
    return centre.count("SELECT count(*) FROM phone_text")


def texts(centre: Centre) -> int:
    """Texts that should have come: beside a late one there is a call, what is called off never comes, and
    many requests to one responder come as one.
    """
    return centre.count(
        f"SELECT count(*) FROM message WHERE NOT is_call AND state <> 'cancelled' AND {ALONE}"
    )


# To the first two relatives of a home. The third is told, too, when it is not known whether a text arrived.
_FIRST_TWO = (
    "message.rung = 1 AND NOT message.is_call AND "
    "message.who IN (SELECT 'contact:' || id FROM contact WHERE rank <= 2)"
)


def told(centre: Centre) -> int:
    """Relatives for whom there is a text of the first rung: two of each home."""
    return centre.count(f"SELECT count(*) FROM message WHERE {_FIRST_TWO}")


def unsent(centre: Centre) -> int:
    """Texts that are still on their way to a provider, or never get there."""
    return centre.count("SELECT count(*) FROM message WHERE state IN ('queued', 'sending', 'failed')")


def is_everybody_told(centre: Centre, homes: int) -> bool:
    """Whether both relatives of so many homes were told, and nothing waits."""
    return told(centre) >= 2 * homes and unsent(centre) == 0


def name_of(centre: Centre) -> str:
    return "SQLite" if centre.store.is_sqlite else "PostgreSQL"


def workers(centre: Centre) -> Counter[str]:
    """How many texts each dispatcher's couriers took last."""
    taken = f"SELECT worker FROM message WHERE worker <> '' AND {ALONE}"
    return Counter(worker for (worker,) in centre.rows(taken))


@dataclass(frozen=True)
class Count:
    """What there is when all is over, whatever was broken in between."""

    presses: int
    incidents: int
    texts: int  # that left

    def __str__(self) -> str:
        return f"{self.presses} presses, {self.incidents} incidents, {self.texts} texts"


def ends_well(centre: Centre, folder: Path, presses: Iterable[Emission], unread: int = 0) -> Count:
    """A dispatcher comes to what was only stored so far, and tells everybody; then `comes_out_even`."""
    said = list(presses)
    telling = dispatcher(centre, folder / "comes-later")
    try:
        telling.start()
        homes = len(_homes_of(centre, said))
        assert until(lambda: is_everybody_told(centre, homes), WITHIN_S), telling.tail()
        telling.stop()
    finally:
        telling.kill()
    count = comes_out_even(centre, said, unread)
    assert received(centre) == count.texts, "each text is on its phone, and once"
    return count


def comes_out_even(centre: Centre, presses: Iterable[Emission], unread: int = 0) -> Count:
    """Count what came of `presses`, of which nobody has been helped yet.

    Each is stored once, counted once, and stands in exactly one incident, that of its home; each home has one
    open incident, both of its relatives have one text of the first rung, and every incident has a future. So
    many messages were `unread`. Only a dispatcher that was *stopped* has recorded each text that it sent.
    """
    said = list(presses)
    stored = Counter(key for (key,) in centre.rows("SELECT unique_key FROM signal"))
    assert stored.keys() == keys_of(said), "none lost"
    assert set(stored.values()) == {1}
    pressed = centre.count("SELECT sum(times) FROM alarm WHERE kind = 'sos' AND device_key <> ''")
    assert pressed == len(said), "each counted once"
    assert _in_cases(centre) == _at_home(centre, said), "each in one case, that of its home"
    assert centre.count("SELECT count(*) FROM unread") == unread
    homes = _homes_of(centre, said)
    cases = "SELECT household_id FROM incident WHERE kind = 'sos' AND closed_at IS NULL"
    found = Counter(home for (home,) in centre.rows(f"{cases} AND household_id IS NOT NULL"))
    assert found == dict.fromkeys(homes, 1), "one open incident for each home"
    assert centre.count("SELECT count(*) FROM incident WHERE closed_at IS NOT NULL") == 0
    nobody_was_told_twice(centre)
    assert told(centre) == 2 * len(homes), f"{told(centre)} relatives of {len(homes)} homes"
    left = f"SELECT count(*) FROM message WHERE {_FIRST_TWO} AND sent_at IS NOT NULL"
    assert centre.count(left) == 2 * len(homes)
    every_case_has_a_future(centre)
    texts = f"SELECT count(*) FROM message WHERE sent_at IS NOT NULL AND NOT is_call AND {ALONE}"
    return Count(len(said), len(homes), centre.count(texts))


def _device_of(press: Emission) -> str:
    return f"care:{press.topic.removeprefix('care/').removesuffix('/signal')}"


def _homes_of(centre: Centre, presses: Iterable[Emission]) -> set[int]:
    return {home for _, home in _at_home(centre, presses)}


def _at_home(centre: Centre, presses: Iterable[Emission]) -> Counter[tuple[str, int]]:
    """How often each device was pressed, by its key and its home."""
    home_of: dict[str, int] = dict(centre.rows("SELECT key, household_id FROM device"))  # type: ignore[arg-type]
    return Counter((device := _device_of(press), home_of[device]) for press in presses)


def _in_cases(centre: Centre) -> Counter[tuple[str, int]]:
    """How often each device stands as pressed in the cases of homes, by its key and the home of the case."""
    query = (
        select(timeline.c.actor, timeline.c.detail, incident.c.household_id)
        .join(incident, incident.c.id == timeline.c.incident_id)
        .where(timeline.c.entry == Entry.SIGNAL.value, incident.c.household_id.is_not(None))
    )
    with centre.store.read() as connection:
        return Counter(
            (actor.removeprefix("device:"), home)
            for actor, detail, home in connection.execute(query)
            if detail.get("kind") == Kind.SOS.value
        )


def every_case_has_a_future(centre: Centre) -> None:
    """No open incident that nobody will look at again by itself, and soon."""
    latest = SystemClock().now() + LOOK_AT_LEAST
    lost = or_(incident.c.due_at.is_(None), incident.c.due_at > latest)
    with centre.store.read() as connection:
        query = select(incident.c.id).where(incident.c.closed_at.is_(None), lost)
        assert connection.execute(query).scalars().all() == []


def nobody_was_told_twice(centre: Centre) -> None:
    """Neither by two messages of one rung nor by one message that was sent twice."""
    again = centre.rows(
        "SELECT incident_id, who, rung FROM message WHERE incident_id IS NOT NULL "
        "GROUP BY incident_id, who, rung, is_call HAVING count(*) > 1"  # a call beside a late text is meant
    )
    assert again == []
    twice = centre.rows("SELECT message_key FROM phone_text GROUP BY message_key HAVING count(*) > 1")
    assert twice == []
