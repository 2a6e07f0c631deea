"""Several APIs on one PostgreSQL: what both hear counts once, and what one of them dies of is said again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx2
import pytest

from community import passwords
from community.model import Account, AccountRole
from community.storage import accounts
from dispatcher.clock import SystemClock
from tests.dispatcher.provider import running
from tests.faults.conftest import Figure
from tests.faults.doors import PUBLIC, Door, insists, said_by_twilio, two_doors
from tests.faults.street import (
    BUTTONS,
    PATIENTLY,
    WITHIN_S,
    Arrives,
    by_twilio,
    is_everybody_told,
    nobody_was_told_twice,
    take_in,
)
from tests.gateway.conftest import Centre
from tests.servers import until

AT_ONCE = 16  # callers
IN_HAND = 4  # requests that an API has begun when it is killed
PASSWORD = "jiejing-2222999"

pytestmark = [
    pytest.mark.broker,
    pytest.mark.fault,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("store", ["postgres"], indirect=True),  # on SQLite one API is enough
]


@contextmanager
def killed_in_the_middle(centre: Centre, door: Door, table: str) -> Iterator[None]:
    """Until so many of its requests wait for `table` in the middle of their transactions; then it dies."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'"
    )
    with centre.store.write() as connection:
        connection.exec_driver_sql(PATIENTLY)
        connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        assert until(lambda: centre.count(waiting, name=door.name) >= IN_HAND, WITHIN_S)
        door.part.kill()


def test_each_reply_is_taken_once_though_an_api_dies_with_some_in_hand(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    """Twilio sends each reply to both, and again to whichever did not answer."""
    taken = "SELECT count(*) FROM reply"
    with running(Arrives(SystemClock().now())) as provider, two_doors(centre, tmp_path) as (one, other):
        telling = by_twilio(centre, tmp_path / "dispatcher", provider)
        telling.start()
        try:
            take_in(centre, BUTTONS)
            assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), telling.tail()
            phones = [
                phone for (phone,) in centre.rows("SELECT phone FROM message WHERE who LIKE 'contact:%'")
            ]
            with ThreadPoolExecutor(AT_ONCE) as callers:
                with killed_in_the_middle(centre, one, "reply"):
                    answers = [
                        callers.submit(insists, lambda said=said, door=door: reply(door, *said))
                        for said in enumerate(phones)
                        for door in (one, other)
                    ]
                one.part.start()
                # ... and once more at any moment: also between a commit and its answer.
                assert until(lambda: centre.count(taken) >= len(phones) // 3, WITHIN_S, every_s=0.002)
                one.part.kill()
                one.part.start()
                assert {answer.result().status_code for answer in answers} == {200}
        finally:
            telling.stop()
        told = Counter((text["to"], text["body"]) for text in provider.texts)
    assert len(phones) >= 2 * len(BUTTONS)
    kept = Counter(phone for (phone,) in centre.rows("SELECT phone FROM reply WHERE incident_id IS NOT NULL"))
    assert kept == Counter(phones), "each answer stands with its case once"
    written = centre.rows(
        "SELECT incident_id, actor FROM timeline WHERE entry = 'reply' AND actor LIKE 'contact:%'"
    )
    assert len(written) == len(set(written)) == len(phones)
    assert set(told.values()) == {1}
    nobody_was_told_twice(centre)
    figure(
        f"    PostgreSQL, 2 APIs, one killed with replies in hand: {len(BUTTONS)} presses, "
        f"{len(centre.kinds())} incidents, {told.total()} texts, {len(phones)} replies, 0 lost, 0 twice"
    )


def reply(door: Door, number: int, phone: str) -> httpx2.Response:
    fields = {"MessageSid": f"SM{number:032d}", "From": phone, "To": "+15005550006", "Body": "1"}
    return said_by_twilio(door, "/callbacks/twilio/sms", fields)


# ---- operators ----


@dataclass(frozen=True)
class Operator:
    """Somebody's browser. Her session is a row: it outlives the API that she logged in at."""

    account: Account
    client: httpx2.Client
    headers: dict[str, str]

    def claims(self, incident_id: int, first: Door, then: Door) -> int:
        """The status of the answer, from whichever door gives one."""
        tries = iter((first, then) * 1000)

        def claim() -> httpx2.Response:
            return self.client.post(
                f"{next(tries).url}/api/incidents/{incident_id}/claim", headers=self.headers
            )

        return insists(claim).status_code


def logged_in(centre: Centre, door: Door, login: str) -> Operator:
    with centre.store.write() as connection:
        account = Account(0, login, login, AccountRole.OPERATOR)
        account = accounts.create_account(connection, account, passwords.hashed(PASSWORD))
    client = httpx2.Client(timeout=15, headers={"Origin": PUBLIC})
    answer = client.post(f"{door.url}/api/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Operator(account, client, {"X-CSRF-Token": answer.json()["csrf_token"]})


def test_of_two_operators_at_two_apis_one_has_the_case_though_hers_dies(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    take_in(centre, BUTTONS)
    cases = [id for (id,) in centre.rows("SELECT id FROM incident ORDER BY id")]
    with two_doors(centre, tmp_path) as (one, other):
        li, zhao = logged_in(centre, one, "li"), logged_in(centre, other, "zhao")
        with closing(li.client), closing(zhao.client), ThreadPoolExecutor(AT_ONCE) as callers:
            with killed_in_the_middle(centre, one, "timeline"):
                answers = [
                    (callers.submit(li.claims, id, *doors), callers.submit(zhao.claims, id, *reversed(doors)))
                    for id, doors in zip(cases, cycle([(one, other), (other, one)]), strict=False)
                ]
            answered = [(hers.result(), the_others.result()) for hers, the_others in answers]
    won = [li.account.id if hers == 200 else zhao.account.id for hers, _ in answered]
    assert all(sorted(pair) == [200, 409] for pair in answered), "one has it, and the other hears whose it is"
    owners = [owner for (owner,) in centre.rows("SELECT claimed_by FROM incident ORDER BY id")]
    assert owners == won
    assert centre.count("SELECT count(*) FROM timeline WHERE entry = 'claimed'") == len(cases)
    by_li = won.count(li.account.id)
    figure(
        f"    PostgreSQL, 2 APIs, one killed with claims in hand: {len(cases)} incidents, each claimed once, "
        f"{by_li} by one operator and {len(cases) - by_li} by the other"
    )
