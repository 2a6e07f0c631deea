"""What is written to the log may be read by anybody: no number, name, text or row of the database in it."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from community import logs


@pytest.mark.parametrize(
    "said, written",
    [
        ("/api/phones/+8613800138000/reply", "/api/phones/138****8000/reply"),
        ("from 013800138000 to 2222999", "from 138****8000 to 2****99"),
        (
            "at 2026-11-21T06:05:00.123456Z in 12.345678901 ms",
            "at 2026-11-21T06:05:00.123456Z in 12.345678901 ms",
        ),
        ("incident 123456", "incident 123456"),
        (
            "INSERT … [parameters: ('王秀英', '高血压')]\n(Background …)",
            "INSERT … [parameters: …]\n(Background …)",
        ),
        ("failed\nDETAIL:  Failing row contains (1, 王秀英).", "failed\nDETAIL: …"),
    ],
)
def test_numbers_and_rows_are_masked_and_times_are_not(said: str, written: str) -> None:
    assert logs.mask(said) == written


def test_what_is_called_a_name_or_a_secret_is_never_written() -> None:
    event = logs.masking(
        None, "info", {"event": "x", "name": "王秀英", "token": "abc", "body": "能", "count": 3}
    )
    assert event == {"event": "x", "name": "…", "token": "…", "body": "…", "count": 3}


def test_a_traceback_is_written_without_the_numbers_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    try:
        logs.configure()
        handler = root.handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
        try:
            raise ValueError("nobody at 13800138000")
        except ValueError:
            structlog.get_logger("test").exception("went_wrong", phone="13800138000")
        logging.getLogger("somebody.else").warning("called %s", "13800138000")
        logging.getLogger("twilio.http_client").info("Body: 王秀英")
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert "ValueError: nobody at 138****8000" in first["exception"]
    assert first["phone"] == "138****8000"
    assert second["event"] == "called 138****8000"
    assert capsys.readouterr().err == ""
