"""The gateway tests' centre, for the tests that kill it, and the figures they print."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gateway.conftest import centre, mosquitto
from tests.stories.conftest import town

__all__ = ["centre", "mosquitto", "town"]

_FIGURES = pytest.StashKey[list[str]]()

Figure = Callable[[str], None]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Says what was measured; all figures stand together at the end of the run."""

    def say(words: str) -> None:
        request.config.stash.setdefault(_FIGURES, []).append(words)

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(_FIGURES, [])
    if figures:
        terminalreporter.section("what was broken, and what came of it")
        for words in figures:
            terminalreporter.write_line(words)
