"""The words for the loudspeaker."""

from __future__ import annotations

import shutil
import stat
import wave
from io import BytesIO
from pathlib import Path

import pytest

from api.console.speech import Speaker, as_spoken


def test_a_room_number_is_read_digit_by_digit_and_a_floor_is_not() -> None:
    assert as_spoken("幸福里3幢2单元501,王秀英,紧急呼叫") == "幸福里3幢2单元五零一,王秀英,紧急呼叫"
    assert as_spoken("12号楼") == "12号楼"


def test_nothing_unprintable_and_nothing_endless_is_said() -> None:
    assert as_spoken("王\x00秀\n英") == "王 秀 英"
    assert len(as_spoken("啊" * 1000)) == 120


def test_a_text_is_made_once_and_heard_again(tmp_path: Path) -> None:
    count = tmp_path / "count"
    speaker = Speaker(_program(tmp_path, f"echo x >> {count}; cat"))
    assert speaker.say("紧急呼叫") == "紧急呼叫".encode()
    assert speaker.say("紧急呼叫") == "紧急呼叫".encode()
    assert count.read_text() == "x\n"


def test_a_name_that_looks_like_an_option_is_only_a_name(tmp_path: Path) -> None:
    speaker = Speaker(_program(tmp_path, 'echo "$@"'))
    assert b"--wild" not in (speaker.say("--wild") or b"--wild")


def test_a_voice_that_fails_leaves_the_word_to_the_clips_and_is_asked_again(tmp_path: Path) -> None:
    speaker = Speaker(_program(tmp_path, f"test -e {tmp_path}/well && cat"))
    assert speaker.say("紧急呼叫") is None
    (tmp_path / "well").touch()
    assert speaker.say("紧急呼叫") == "紧急呼叫".encode()


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_real_voice_speaks_chinese_for_a_few_seconds() -> None:
    sound = Speaker().say("和平社区幸福里3幢2单元501,王秀英,紧急呼叫")
    assert sound is not None
    with wave.open(BytesIO(sound)) as heard:
        seconds = len(heard.readframes(heard.getnframes())) / heard.getsampwidth() / heard.getframerate()
    assert 3 < seconds < 15


def _program(folder: Path, script: str) -> str:
    path = folder / "espeak-ng"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
