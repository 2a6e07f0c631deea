"""Each story that README.md promises is there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_every_complaint_has_its_test() -> None:
    rows = [line for line in (HERE / "README.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    named = {row: re.findall(r"`([\w/]+\.py)::(\w+)`", row) for row in rows if not row.startswith("| ---")}
    told = {row: tests for row, tests in named.items() if "told by" not in row}

    assert len(told) >= 13 + 6
    for row, tests in told.items():
        assert tests, row
        for file, name in tests:
            path = ROOT / file if "/" in file else HERE / file
            assert f"\ndef {name}(" in path.read_text("utf-8"), f"{file} has no {name}"
