"""What is said again is the same message for two minutes, and another one afterwards."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

from devices.formats import resent
from devices.formats.resent import REMEMBERED, WINDOW
from tests.devices.street import MORNING

# Messages and when they are heard, in seconds; a clock may be set back.
HEARD = [
    ("a", 0.0), ("a", 60.0), ("b", 61.0), ("a", 119.999), ("a", 120.0), ("a", 180.0), ("b", 179.0),
    ("c", 181.0), ("d", 182.0), ("e", 183.0), ("a", 184.0), ("b", 185.0), ("e", 62.9), ("e", 63.0),
    ("e", -900.0), ("e", -899.0),
]  # fmt: skip


def what_is_new(rules: ModuleType) -> list[tuple[str, str]]:
    """The unique stems of all that is heard, and what is remembered in the end."""
    levels: dict[tuple[str, str], str] = {}
    stems: list[tuple[str, str]] = []
    for message, seconds in HEARD:
        stem, changed = rules.unique_of("watch:1", message, MORNING + timedelta(seconds=seconds), levels)
        levels |= changed
        stems.append((stem, " ".join(levels.values())))
    return stems


def test_a_message_is_itself_until_two_minutes_after_it_was_first_heard() -> None:
    stems = [stem for stem, _ in what_is_new(resent)]
    first = stems[0]
    assert [place for place, stem in enumerate(stems) if stem == first] == [0, 1, 3]
    assert stems[5] == stems[4] != first


def test_only_the_last_few_messages_are_remembered() -> None:
    remembered = [levels.split() for _, levels in what_is_new(resent)]
    assert max(map(len, remembered)) == REMEMBERED
    assert timedelta(minutes=1) < WINDOW


def test_a_clock_set_back_makes_new_messages() -> None:
    stems = [stem for stem, _ in what_is_new(resent)]
    assert len({stems[-3], stems[-2]}) == 2
    assert stems[-1] == stems[-2]
