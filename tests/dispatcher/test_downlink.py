"""What the device at home says: how the call stands, and never more than that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from dispatcher.answering import Standing, topic_of, word
from dispatcher.downlink import Downlink
from dispatcher.model import Stage
from tests.conftest import NOW
from tests.town import Town


class Recorded:
    """A line that remembers what was said on it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.is_up = True

    def say(self, topic: str, payload: bytes) -> bool:
        if self.is_up:
            self.said.append((topic, orjson.loads(payload)))
        return self.is_up

    @property
    def words(self) -> list[str]:
        return [body["say"] for _, body in self.said]


def standing(stage: Stage, eta_s: float | None = None) -> Standing:
    eta_at = NOW + timedelta(seconds=eta_s) if eta_s is not None else None
    return Standing(7, 3, stage, eta_at, ("care:kenli/1",))


@pytest.mark.parametrize(
    ("stage", "eta_s", "minutes"),
    [
        (Stage.COVERED, 300, 5),
        (Stage.COVERED, 301, 6),
        (Stage.COVERED, 0, None),  # late: no minutes are better than false ones
        (Stage.COVERED, None, None),
        (Stage.CLAIMED, 300, None),
        (Stage.ON_SCENE, 300, None),
    ],
)
def test_minutes_are_said_only_while_somebody_comes(
    stage: Stage, eta_s: float | None, minutes: int | None
) -> None:
    said = word(standing(stage, eta_s), NOW)
    assert said.get("minutes") == minutes
    assert ("分钟" in said["text"]) == (minutes is not None)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.COVERED])
def test_only_who_said_yes_is_on_the_way(stage: Stage) -> None:
    assert "赶来" not in word(standing(stage), NOW)["text"]


def test_only_our_own_devices_hear_commands() -> None:
    assert topic_of("care:kenli/KL-0001") == "care/kenli/KL-0001/cmd"
    assert topic_of("z2m:0xabc") is None


def test_the_device_hears_each_step_and_that_a_yes_was_taken_back(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line)
    town.resident("王秀英", contacts=("李梅",))
    town.responder("张伟", 300)
    town.press("王秀英")
    assert down.turn(town) == 0  # that it is stored, it has heard already
    town.claim("王秀英")
    down.turn(town)
    town.answer("张伟", "1")
    down.turn(town)
    town.answer("张伟", "2")
    down.turn(town)
    town.close("王秀英")
    down.turn(town)
    assert line.words == ["operator", "coming", "operator", "over"]
    assert {topic for topic, _ in line.said} == {"care/town/王秀英/cmd"}
    assert line.said[1][1]["minutes"] >= 1
    assert down.turn(town) == 0  # said once


def test_what_the_line_does_not_take_waits_and_is_then_what_is_so(town: Town) -> None:
    line = Recorded()
    down = Downlink(town.store, line)
    town.resident("王秀英", contacts=("李梅",))
    town.responder("张伟", 300)
    town.press("王秀英")
    line.is_up = False
    town.answer("张伟", "1")
    assert down.turn(town) == 0
    town.answer("张伟", "2")
    line.is_up = True
    down.turn(town)
    assert "coming" not in line.words, "nobody comes any more"
