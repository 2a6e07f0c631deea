"""docs/formats.md is checked by running what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devices import profiles
from devices.formats import TOPICS
from devices.formats.native import TYPES
from devices.signal import Role
from tests.devices.street import Street, words

DOC = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```json (\S+) ?(.*)\n(.+)\n=>(.*)\n```", DOC, re.MULTILINE)


def test_the_document_shows_every_family() -> None:
    assert len(SHOWN) >= 12
    assert {topic.split("/")[0] for topic, *_ in SHOWN} == {topic.split("/")[0] for topic in TOPICS}


@pytest.mark.parametrize("topic, enrolment, said, expected", SHOWN)
def test_what_the_document_shows_is_what_happens(
    street: Street, topic: str, enrolment: str, said: str, expected: str
) -> None:
    role, vendor, model = ([*enrolment.split(), "", "", ""])[:3]
    steps = topic.split("/")
    match steps:
        case ["care", site, device, _]:
            key = f"care:{site}/{device}"
        case ["application", _, _, dev_eui, *_]:
            key = f"lora:{dev_eui.lower()}"
        case _:
            key = f"z2m:{'/'.join(steps[1:]).removesuffix('/state')}"
    street.enrol(key, Role(role or "help_button"), vendor, model)
    told = expected.strip()
    assert words(street.hear(topic, said)) == ([told] if told else [])


def test_the_document_names_every_type_and_every_topic() -> None:
    for name in (*TYPES, *TOPICS):
        assert f"`{name}`" in DOC


def test_the_profile_that_the_document_shows_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```toml\n(.+?)^```", DOC, re.MULTILINE | re.DOTALL)
    (tmp_path / "shown.toml").write_text(shown, encoding="utf-8")
    assert profiles.load(tmp_path).profile("netvox", "r312a") is not None
