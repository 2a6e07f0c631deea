"""When each number's weekly summary is due, and what is said of a home's devices."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.model import Device, HomeRecord
from devices.signal import Role
from dispatcher import templates
from dispatcher.reachability import is_civil
from dispatcher.weekly import FURTHEST, PATIENCE, WEEK, Kit, Turn, Week, key, kit_of, next_at, turn
from dispatcher.wording import SEGMENT
from tests.dispatcher.cases import VOICE, home

KENLI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)  # Monday noon in Kenli
MOMENTS = st.integers(0, 2 * 365 * 1440).map(lambda minutes: NOW + timedelta(minutes=minutes))
PHONES = st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True)
BUTTON = Device(1, "care:a", Role.HELP_BUTTON, 1, last_seen_at=NOW)


@given(PHONES, MOMENTS)
def test_a_number_is_due_once_a_week_by_day_at_the_weekend(phone: str, now: datetime) -> None:
    at = next_at(phone, now, KENLI)

    assert now < at <= now + WEEK
    assert at.astimezone(KENLI).isoweekday() in (6, 7)
    assert is_civil(at, KENLI)
    assert next_at(phone, at, KENLI) == at + WEEK
    assert next_at(phone, at - timedelta(microseconds=1), KENLI) == at
    assert turn(at, at, KENLI) is Turn.SEND
    assert key(phone, at, KENLI) != key(phone, at + WEEK, KENLI)


def test_the_numbers_of_a_street_are_spread_over_the_weekend() -> None:
    times = [next_at(f"+86138{number:08}", NOW, KENLI) for number in range(5000)]
    days = Counter(at.astimezone(KENLI).isoweekday() for at in times)

    assert set(days) == {6, 7}
    assert min(days.values()) > 2300
    assert max(Counter(times).values()) <= 20  # what one worker sends in a minute


@pytest.mark.parametrize(
    "late, what",
    [
        (timedelta(seconds=-1), Turn.WAIT),
        (timedelta(0), Turn.SEND),
        (timedelta(hours=1), Turn.SEND),
        (timedelta(hours=14), Turn.WAIT),  # midnight
        (timedelta(days=1), Turn.SEND),
        (PATIENCE - timedelta(seconds=1), Turn.SEND),
        (PATIENCE, Turn.SKIP),
        (WEEK, Turn.SKIP),
        (-FURTHEST, Turn.WAIT),
        (-FURTHEST - timedelta(seconds=1), Turn.SKIP),  # a clock was set back
    ],
)
def test_what_is_late_leaves_by_day_and_soon_or_not_at_all(late: timedelta, what: Turn) -> None:
    due_at = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # Saturday, 10:00 in Kenli

    assert turn(due_at, due_at + late, KENLI) is what


def test_one_week_of_one_number_has_one_key_whatever_the_clock_did() -> None:
    saturday = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

    assert key("+8613800000001", saturday, KENLI) == key(
        "+8613800000001", saturday + timedelta(hours=30), KENLI
    )
    assert key("+8613800000001", saturday, KENLI) != key("+8613800000002", saturday, KENLI)
    assert "138" not in key("+8613800000001", saturday, KENLI)  # keys stand in logs


@pytest.mark.parametrize(
    "device, kit",
    [
        (BUTTON, Kit.WELL),
        (replace(BUTTON, battery=16), Kit.WELL),
        (replace(BUTTON, battery=15), Kit.LOW),
        (replace(BUTTON, key="low"), Kit.LOW),
        (replace(BUTTON, key="low", battery=80), Kit.WELL),  # a new one is in it
        (replace(BUTTON, id=9), Kit.SILENT),
        (replace(BUTTON, last_seen_at=None), Kit.SILENT),
        (replace(BUTTON, enabled=False), Kit.NONE),
        (replace(BUTTON, role=Role.MOTION_SENSOR), Kit.NONE),
    ],
)
def test_how_the_devices_of_a_home_are(device: Device, kit: Kit) -> None:
    assert kit_of([device], silent={9}, said_low={"low"}) is kit
    worse = kit if kit is not Kit.NONE else Kit.WELL
    assert kit_of([replace(BUTTON, id=7), device], silent={9}, said_low={"low"}) is worse


# ---- the text ----


def of(name: str, calls: int = 0, tests: int = 1, kit: Kit = Kit.WELL) -> Week:
    here = home()
    residents = tuple(replace(one, name=name) for one in here.residents[:1]) if name else ()
    return Week(replace(here, residents=residents), calls, tests, kit)


def test_the_week_of_one_home_in_plain_words() -> None:
    assert (
        VOICE.weekly([of("王秀英", calls=2)])
        == "【2222999】王秀英家近一周:报警2次,测试1次,设备正常。退订回“退订周报”。"
    )


def test_several_homes_of_one_relative_are_one_text_and_who_had_trouble_comes_first() -> None:
    assert (
        VOICE.weekly([of("王秀英"), of("李建国", calls=1, kit=Kit.LOW)])
        == "【2222999】近一周:李建国报警1测试1电池低;王秀英报警0测试1设备正常。退订回“退订周报”。"
    )
    many = VOICE.weekly([of("王秀英"), of("李建国"), of("赵玉兰"), of("孙梅", tests=0, kit=Kit.SILENT)])
    assert many.endswith(
        ":孙梅报警0测试0设备没信号;王秀英报警0测试1设备正常;其余2家无报警。退订回“退订周报”。"
    )


NAMES = st.text(alphabet="王秀英李欧阳·", max_size=30)
WEEKS = st.builds(of, NAMES, st.integers(0, 999), st.integers(0, 999), st.sampled_from(Kit))


@given(st.lists(WEEKS, min_size=1, max_size=12))
def test_it_is_one_segment_and_holds_no_address_and_no_illness(told: list[Week]) -> None:
    here: HomeRecord = home()
    text = VOICE.weekly(told)

    assert len(text) <= SEGMENT
    assert text.endswith("退订回“退订周报”。")
    for secret in (here.household.address, here.household.room, here.residents[0].health_notes or "高血压"):
        assert secret not in text
    assert all(len(value) <= templates.LONGEST for value in templates.weekly(told).values())


def test_of_homes_that_are_not_named_nothing_better_is_said_than_is_known() -> None:
    text = VOICE.weekly([of("王秀英", calls=9, kit=Kit.LOW) for _ in range(9)])

    assert "其余7家情况请打电话问" in text
    assert "无报警" not in text
