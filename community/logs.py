"""Logs that may be shown: JSON lines on stderr, without phone numbers, names, texts or secrets."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from community import phones

# Digits that stand together; times, coordinates and milliseconds do not look like this.
_NUMBER = re.compile(r"(?<![\d.:A-Za-z-])\+?\d{7,15}(?![\d.:])")
# What databases repeat in their errors: a row's content is somebody's name and illness.
_DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)
_PARAMETERS = re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL)
_NEVER = frozenset(
    {"name", "body", "text", "note", "password", "token", "csrf_token", "cookie", "authorization", "address"}
)


def mask(text: str) -> str:
    """The text with every phone number masked (138****8000) and the content of database rows taken out."""
    text = _PARAMETERS.sub("[parameters: …]", text)
    text = _DETAIL.sub("DETAIL: …", text)
    return _NUMBER.sub(lambda number: phones.masked(number[0]), text)


def masking(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor; stands after the traceback has become text and before rendering."""
    for key, value in event.items():
        if key in _NEVER:
            event[key] = "…"
        elif isinstance(value, str):
            event[key] = mask(value)
        elif not isinstance(value, int | float | bool | None):
            event[key] = mask(repr(value))
    return event


def configure(level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records through `masking`. Called once, by `__main__`."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                masking,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it says twice which database it looks at
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it prints what services answered, and addresses
    logging.getLogger("twilio").setLevel(logging.WARNING)  # at INFO it prints bodies and numbers
    logging.getLogger("uvicorn.access").disabled = True  # it prints whole addresses; api/headers.py does not
