"""docs/channels.md says what is so: every setting with its default, every template with its variables."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher import templates
from dispatcher.absence import AwayKind
from dispatcher.channels.aliyun import AliyunSettings
from dispatcher.channels.apprise import AppriseSettings
from dispatcher.channels.gammu import GammuSettings
from dispatcher.channels.smpp import SmppSettings
from dispatcher.channels.tencent import TencentSettings
from dispatcher.model import CloseCode, Purpose
from dispatcher.settings import DispatcherSettings
from dispatcher.templates import Variables
from dispatcher.weekly import Kit, Week
from dispatcher.wiring import CHANNELS
from tests.dispatcher.cases import START, VOICE, home

DOC = (Path(__file__).parents[2] / "docs" / "channels.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOC.splitlines() if line[:1] == "|"]
GRID = ResponderKind.GRID_WORKER

SAID: dict[Purpose, list[Variables]] = {
    Purpose.RAISED: [templates.raised(VOICE, home(), Kind.SOS, START)],
    Purpose.ASK: [templates.ask(VOICE, home(), Kind.SOS, START, 410)],
    Purpose.ACCEPTED: [templates.accepted(home(), GRID, "李强", 6)],
    Purpose.NEWS: [
        templates.news(VOICE, home(), Kind.SMOKE, START),
        templates.again(VOICE, home(), Kind.SMOKE, START, GRID, "李强"),
    ],
    Purpose.CALLED_OFF: [templates.called_off(home(), GRID, "李强")],
    Purpose.ARRIVED: [templates.arrived(VOICE, home(), "李强", START)],
    Purpose.LATE: [templates.late(home())],
    Purpose.CHECK_IN: [templates.check_in(home(), 20)],
    Purpose.COVERED: [templates.covered(home(), GRID, "李强")],
    Purpose.STAND_DOWN: [templates.stand_down(home())],
    Purpose.CLOSED: [templates.closed(VOICE, home(), CloseCode.HELPED, START)],
    Purpose.CHECK: [templates.check(VOICE, home(), START)],
    Purpose.WELL: [templates.moved(VOICE, home(), START)],
    Purpose.BACK: [templates.back(home(), next(iter(AwayKind)))],
    Purpose.DRILL: [templates.drill(home(), "4821")],
    Purpose.TROUBLE: [templates.trouble(["调度已停12秒"])],
    Purpose.HELP: [templates.not_understood("contact:1", ""), templates.which_case(3)],
    Purpose.CONSENT: [
        templates.stopped(still_told=True),
        templates.resumed(),
        templates.weekly_wanted(),
        templates.weekly_stopped(),
        templates.weekly_refused(),
    ],
    Purpose.DEVICE: [
        templates.device(home(), kind, timedelta(hours=2)) for kind in (Kind.LOW_BATTERY, Kind.OFFLINE)
    ],
    Purpose.WEEKLY: [templates.weekly([Week(home(), 0, 1, Kit.WELL)] * homes) for homes in (1, 2)],
}


def cells(first: str) -> list[str]:
    found = [row for row in ROWS if row[0] == f"`{first}`"]
    assert len(found) == 1, f"{first} stands {len(found)} times in the tables"
    return found[0]


@pytest.mark.parametrize("purpose", SAID)
def test_a_template_has_the_variables_that_are_sent_in_their_order(purpose: Purpose) -> None:
    _, variables, wording = cells(purpose)

    for said in SAID[purpose]:
        assert variables.split(", ") == list(said)
    assert re.findall(r"\$\{(\w+)\}", wording) == variables.split(", ")


def test_every_purpose_has_its_row() -> None:
    assert set(SAID) == set(Purpose) - {Purpose.PROBE}


@pytest.mark.parametrize(
    "settings", [AliyunSettings, TencentSettings, SmppSettings, GammuSettings, AppriseSettings]
)
def test_every_setting_of_a_channel_has_its_row_and_its_default(settings: type[BaseSettings]) -> None:
    for name, field in settings.model_fields.items():
        _, default, _ = cells(f"ANXIN_{name.upper()}")
        is_secret = "SecretStr" in str(field.annotation)
        assert ("secret" in default) is is_secret, name
        if field.is_required():
            assert default.startswith("required"), name
        elif not isinstance(field.default, SecretStr):
            assert default == f"`{field.default}`", name


def test_the_switchboards_own_settings_are_there() -> None:
    fields = DispatcherSettings.model_fields
    assert cells("ANXIN_CHANNELS")[1] == f"`{','.join(fields['channels'].default)}`"
    for name in (
        "senders",
        "number_per_minute",
        "number_burst",
        "twilio_rate_per_s",
        "twilio_voice_rate_per_s",
    ):
        assert cells(f"ANXIN_{name.upper()}")[1] == f"`{fields[name].default:g}`"
    for name in fields:
        if name.startswith("twilio_"):
            cells(f"ANXIN_{name.upper()}")


def test_every_channel_has_its_row() -> None:
    named = {name for row in ROWS for name in re.findall(r"`([a-z-]+)`", row[0])}

    assert set(CHANNELS) <= named
