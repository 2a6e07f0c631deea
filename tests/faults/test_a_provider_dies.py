"""Two real providers' protocols, and the first one fails in every way: each text arrives once, and soon."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from community.storage.tables import area
from dispatcher.clock import SystemClock
from tests.dispatcher.channels import clouds
from tests.dispatcher.channels.clouds import KEY_ID, SECRET, Cloud
from tests.dispatcher.provider import Provider, running
from tests.faults.conftest import Figure
from tests.faults.street import (
    ALONE,
    BUTTONS,
    WITHIN_S,
    Arrives,
    dispatcher,
    is_everybody_told,
    name_of,
    nobody_was_told_twice,
    take_in,
)
from tests.gateway.conftest import Centre
from tests.servers import Part, until

pytestmark = [pytest.mark.broker, pytest.mark.fault]


def test_the_first_provider_throttles_falls_silent_and_dies_and_each_text_arrives_once(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    own_street(centre)
    with ExitStack() as stack:
        second = stack.enter_context(running(Arrives(SystemClock().now())))
        first_is_up = stack.enter_context(ExitStack())
        first = first_is_up.enter_context(clouds.running(clouds.aliyun))
        part = by_both(centre, tmp_path, first, second)
        stack.callback(part.kill)
        part.start()

        told_so_far(centre, part, 10)
        assert len(carried(first, second)[1]) == 0, "the first carries while it can"

        first.answers = ["isv.BUSINESS_LIMIT_CONTROL", 500, "hang", "isv.MOBILE_NUMBER_ILLEGAL"] * 2
        told_so_far(centre, part, 20)
        assert not first.answers

        first_is_up.close()  # nobody listens there any more
        told_so_far(centre, part, 30)

        by_first, by_second = carried(first, second)
    assert by_first.total() > 30
    assert after_its_death(centre) <= set(by_second), "all that came after the first had died"
    each = by_first + by_second
    assert set(each.values()) == {1}, [key for key, times in each.items() if times > 1]
    assert set(each) == {key for (key,) in centre.rows(f"SELECT key FROM message WHERE {ALONE}")}
    nobody_was_told_twice(centre)
    figure(
        f"    {name_of(centre)}: {len(by_first)} texts by a provider that failed and died, "
        f"{len(by_second)} by the second, 0 twice, 0 never"
    )


def told_so_far(centre: Centre, part: Part, homes: int) -> None:
    """Ten more homes press; until everybody is told."""
    take_in(centre, BUTTONS[homes - 10 : homes])
    assert until(lambda: is_everybody_told(centre, homes), WITHIN_S), part.tail()


def after_its_death(centre: Centre) -> set[str]:
    """The keys of what was said to relatives, and asked alone, of the last ten homes."""
    last = "SELECT id FROM incident ORDER BY id DESC LIMIT 10"
    keys = {
        key for (key,) in centre.rows(f"SELECT key FROM message WHERE {ALONE} AND incident_id IN ({last})")
    }
    assert len(keys) >= 20, "two relatives of each home at least"
    return keys


def own_street(centre: Centre) -> None:
    """Say that nobody here is made up: to a seeded street no real text is sent."""
    with centre.store.write() as connection:
        connection.execute(update(area).values(synthetic=False))


def by_both(centre: Centre, folder: Path, first: Cloud, second: Provider) -> Part:
    return dispatcher(
        centre,
        folder,
        ANXIN_CHANNELS="aliyun,twilio",
        ANXIN_ALIYUN_BASE_URL=first.url,
        ANXIN_ALIYUN_ACCESS_KEY_ID=KEY_ID,
        ANXIN_ALIYUN_ACCESS_KEY_SECRET=SECRET,
        ANXIN_ALIYUN_SIGN_NAME="垦利街道",
        ANXIN_ALIYUN_TEMPLATES='{"raised": "SMS_1", "ask": "SMS_2"}',
        ANXIN_TWILIO_BASE_URL=second.url,
        ANXIN_TWILIO_ACCOUNT_SID="AC1",
        ANXIN_TWILIO_AUTH_TOKEN="secret",
        ANXIN_TWILIO_FROM="+15005550006",
    )


def carried(first: Cloud, second: Provider) -> tuple[Counter[str], Counter[str]]:
    """How often each of our messages was taken, by key, by either provider."""
    by_first = Counter(text["key"] for text in first.texts)
    callbacks = (parse_qs(urlsplit(form["StatusCallback"]).query)["key"][0] for form in second.forms)
    return by_first, Counter(callbacks)
