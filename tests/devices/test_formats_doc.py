"""docs/formats.md is checked by running what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devices import profiles
from devices.formats import FAMILIES, TOPICS, family
from devices.formats.native import TYPES
from devices.signal import Enrolment, Role
from tests.devices.street import Street

DOC = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```json (\S+) ?(.*)\n(.+)\n=>(.*)\n```", DOC, re.MULTILINE)


def test_the_document_shows_every_family() -> None:
    assert len(SHOWN) >= 12
    shown = {owner.name for topic, *_ in SHOWN if (owner := family(topic)) is not None}
    assert shown == {each.name for each in FAMILIES if each.topics}


class OneDevice(Street):
    """Whoever speaks, under whatever name, is the device that the document speaks of."""

    def __init__(self, enrolment: str) -> None:
        super().__init__()
        role, self.vendor, self.model = ([*enrolment.split(maxsplit=2), "", "", ""])[:3]
        self.role = Role(role or "help_button")

    def find(self, device_key: str) -> Enrolment | None:
        if device_key.startswith("ha:"):
            return None  # nobody has confirmed a second one
        return Enrolment(device_key, self.role, self.vendor, self.model)


@pytest.mark.parametrize("topic, enrolment, said, expected", SHOWN)
def test_what_the_document_shows_is_what_happens(
    topic: str, enrolment: str, said: str, expected: str
) -> None:
    assert ", ".join(OneDevice(enrolment).understood(topic, said)) == expected.strip()


def test_the_document_names_every_type_and_every_topic() -> None:
    for name in (*TYPES, *TOPICS):
        assert f"`{name}`" in DOC


def test_the_profile_that_the_document_shows_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```toml\n(.+?)^```", DOC, re.MULTILINE | re.DOTALL)
    (tmp_path / "shown.toml").write_text(shown, encoding="utf-8")
    assert profiles.load(tmp_path).profile("netvox", "r312a") is not None
