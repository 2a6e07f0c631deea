"""Each goal has the test that README.md promises, and that test prints its figure."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GOALS = {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G11", "G13"}
FIGURE_OF = {"G5": "G1"}  # which stands in the same line


def test_every_goal_is_measured_by_a_test_that_prints_it() -> None:
    lines = (HERE / "README.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    named = [(row[1], re.findall(r"`([\w/]+\.py)::(\w+)`", row[-2])) for row in rows]
    found = [(what, tests) for what, tests in named if what not in ("goal", "what", "---")]

    assert {what for what, _ in found} >= GOALS
    for what, tests in found:
        assert tests, what
        for file, name in tests:
            source = (ROOT / file if "/" in file else HERE / file).read_text("utf-8")
            assert f"\ndef {name}(" in source, f"{file} has no {name}"
        if what in GOALS:
            printed = re.compile(rf'f"{FIGURE_OF.get(what, what)} ')
            sources = [(ROOT / file if "/" in file else HERE / file).read_text("utf-8") for file, _ in tests]
            assert any(printed.search(source) for source in sources), f"{what} is not printed"
