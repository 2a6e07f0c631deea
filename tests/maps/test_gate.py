"""The wrong coordinate system is named, and no right one is refused."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.coords import Crs, Point, from_wgs84
from maps.gate import Fit, Pair, judge
from maps.survey import System

SYSTEMS = st.sampled_from(list(Crs))


def pairs(written_in: Crs, n: int, within_m: float, seed: int, moved_m: float = 0.0) -> list[Pair]:
    """`n` places of Kenli in a file, each lying up to `within_m` from where the register has it."""
    rng = np.random.default_rng(seed)
    known = rng.uniform((118.50, 37.55), (118.60, 37.63), (n, 2))
    off = rng.uniform(-within_m, within_m, (n, 2)) + np.array((moved_m, 0))
    true = known + off / (88_200, 111_000)
    x, y = from_wgs84(true[:, 0], true[:, 1], written_in)
    return [
        Pair(float(a), float(b), Point(float(lon), float(lat)), within_m)
        for a, b, (lon, lat) in zip(x, y, known, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(written_in=SYSTEMS, declared=SYSTEMS, seed=st.integers(0, 10_000))
def test_ten_rows_of_cells_two_hundred_metres_wide_are_enough(
    written_in: Crs, declared: Crs, seed: int
) -> None:
    verdict = judge(pairs(written_in, 10, 100, seed), System(declared.value))
    if written_in is declared:
        assert verdict.fit is Fit.RIGHT
    else:
        assert (verdict.fit, verdict.should_be) == (Fit.WRONG, written_in)


def test_it_says_by_how_much_and_where_to() -> None:
    verdict = judge(pairs(Crs.GCJ02, 40, 30, seed=1), System("wgs84"))
    assert "像是GCJ-02,却声明为WGS-84:整体偏东" in verdict.text
    assert "these look like GCJ-02 declared as WGS-84: off by " in verdict.text
    assert verdict.text.endswith(" m to the east")
    assert 495 < verdict.off_m < 548
    back = judge(pairs(Crs.WGS84, 40, 30, seed=1), System("gcj02"))
    assert back.text.endswith("to the west")
    assert judge(pairs(Crs.GCJ02, 40, 30, seed=1), System("cgcs2000")).should_be is Crs.GCJ02


@settings(max_examples=60, deadline=None)
@given(written_in=SYSTEMS, declared=SYSTEMS, n=st.integers(1, 4), seed=st.integers(0, 10_000))
def test_a_few_rows_of_wide_cells_never_name_a_wrong_system(
    written_in: Crs, declared: Crs, n: int, seed: int
) -> None:
    verdict = judge(pairs(written_in, n, 600, seed), System(declared.value))
    assert verdict.should_be in (None, written_in)
    assert verdict.fit is not Fit.WRONG or written_in is not declared


@pytest.mark.parametrize("moved_m", [-3000.0, 900.0, 5000.0])
def test_what_fits_no_system_is_for_a_person_to_look_at(moved_m: float) -> None:
    verdict = judge(pairs(Crs.WGS84, 20, 50, seed=2, moved_m=moved_m), System("wgs84"))
    assert verdict.fit is Fit.UNKNOWN
    assert "no other system fits better" in verdict.text


def test_without_anything_to_compare_nothing_is_known() -> None:
    assert judge([], System("wgs84")).fit is Fit.UNKNOWN


def what_is_declared_wrong(rules: ModuleType) -> object:
    """What the gate says of files in each system, declared as each, few and many, near and moved."""
    return [
        rules.judge(pairs(written_in, n, within_m, seed=3, moved_m=moved_m), System(declared.value))
        for written_in in Crs
        for declared in Crs
        for n in (1, 3, 12)
        for within_m in (20, 150, 600)
        for moved_m in (0.0, 250.0, 700.0, 3000.0)
    ] + [rules.judge([Pair(*at, Point(118.55, 37.59), 30) for at in SCATTERED], System("wgs84"))]


SCATTERED = [(118.55 + east / 100, 37.59) for east in (-1, 0, 1, 1)]
