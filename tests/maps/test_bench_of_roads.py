"""The bench of the roads runs, and its river makes straight lines wrong."""

from __future__ import annotations

from bench.roads import measure, town
from maps.roads import build


def test_a_river_makes_the_straight_line_wrong_and_the_bench_counts_it() -> None:
    found = measure(build(town(size=20)), workers=4, homes=60)
    assert found.homes == 60
    assert 0 < found.wrong < 60
    assert found.worst_min > 1
