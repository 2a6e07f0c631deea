"""A process that cannot start says which setting to look at, and never what is in it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("part", ["dispatcher", "api"])
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ANXIN_MQTT_PORT", "geheim", "ANXIN_MQTT_PORT: "),
        ("ANXIN_DATABASE_URL", "no url geheim", "postgresql+psycopg://"),
        ("ANXIN_DATABASE_URL", "mysql://geheim@db/anxin", "postgresql+psycopg://"),
        (
            "ANXIN_DATABASE_URL",
            "postgresql+psycopg://anxin:geheim@127.0.0.1:1/anxin",
            "ANXIN_DATABASE_URL: the database does not answer",
        ),
    ],
)
def test_a_part_that_cannot_start_names_the_setting_and_shows_no_traceback(
    part: str, name: str, value: str, told: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", part],
        env={name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode != 0
    assert told in ended.stderr
    assert "geheim" not in ended.stderr
    assert "Traceback" not in ended.stderr
