"""The gateway tests' centre, for the tests that kill it, and the figures they print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from community.sites.generate import SiteData
from community.storage import Store
from tests.faults.street import be_patient, every_case_has_a_future
from tests.gateway.conftest import STREET, Centre, mosquitto
from tests.servers import Mosquitto
from tests.stories.conftest import town

__all__ = ["mosquitto", "town"]

Figure = Callable[[str], None]


@pytest.fixture
def street() -> SiteData:
    """Who lives there; a test may have another."""
    return STREET


@pytest.fixture
def centre(store: Store, mosquitto: Mosquitto, tmp_path: Path, street: SiteData) -> Iterator[Centre]:
    """Everything but the gateway is running; whatever is broken, no open incident is without a future."""
    made = Centre(store, mosquitto, tmp_path, street)
    be_patient(made)
    yield made
    made.gateway.kill()
    every_case_has_a_future(made)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Says what was measured; all figures stand together at the end of the run."""

    def say(words: str) -> None:
        request.node.user_properties.append(("figure", words))  # which comes along from another process

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for told in terminalreporter.stats.values() for report in told]
    figures = [
        words
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, words in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("what was broken, and what came of it")
        for words in figures:
            terminalreporter.write_line(words)
