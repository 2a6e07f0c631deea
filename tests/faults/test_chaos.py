"""A minute in which something dies every other second; `python -m bench.chaos` has as many as you like."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from tests.faults.chaos import CALM_P99_S, LAST_S, MOST_TOLD_AGAIN, P99_S, Size, run
from tests.faults.conftest import Figure
from tests.gateway.conftest import Centre

MINUTE = Size(seconds=60, rate=20, kill_every=1.5)
CALM = Size(seconds=20, rate=4, kill_every=inf, faulty=0)
SLOW_MACHINE = 5  # times as long as the goal may a calm press take, where other work is running

pytestmark = [pytest.mark.broker, pytest.mark.fault, pytest.mark.timeout(900)]


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_minute_of_chaos_loses_no_press_and_tells_nobody_twice(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    found = run(centre, tmp_path, MINUTE)
    figure(f"G1  {found}")
    figure(f"G3  {found.first_texts}")
    assert found.lost == 0
    assert found.counted_wrong == 0
    assert found.never_told == 0
    # `python -m bench.chaos` holds all of G3, on a machine that is asked for nothing else. On any machine:
    assert found.told_percentile(50) <= P99_S * found.slowness, "most notice little"
    assert found.told_after[-1] <= LAST_S * found.slowness, "and nobody waits for long"
    assert found.told_again <= MOST_TOLD_AGAIN * found.texts


def test_on_a_calm_day_the_first_text_is_with_the_provider_at_once(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    found = run(centre, tmp_path, CALM)
    figure(f"G3  calm, {found.first_texts}")
    assert (found.lost, found.counted_wrong, found.never_told, found.told_again) == (0, 0, 0, 0)
    assert found.told_percentile(99) <= CALM_P99_S * SLOW_MACHINE
