"""The words for the loudspeaker, made by espeak-ng on this machine when it is installed.

Browsers on the PCs that we meet have no Chinese voice of their own (measured), so the server speaks. The text
comes from our own rows and wording, never from a request, and goes in over standard input: no shell, no
option can hide in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import OrderedDict
from threading import Lock

import structlog

log = structlog.get_logger(__name__)

WORDS_PER_MINUTE = 180  # unhurried: it is heard across a room
TIMEOUT_S = 5.0
REMEMBER = 64
LONGEST = 120  # characters; a longer text takes more than half a minute to say
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


class Speaker:
    """Says a text. Threads may share it: one voice is made at a time, the rest wait or find it ready."""

    def __init__(self, program: str | None = None) -> None:
        """`program` is the path of espeak-ng; it is looked for when left out."""
        self._program = program or shutil.which("espeak-ng")
        self._said: OrderedDict[str, bytes] = OrderedDict()
        self._one_at_a_time = Lock()

    def say(self, text: str) -> bytes | None:
        """`text` as a WAV file; None when there is no voice here or it failed: then a clip is played."""
        words = as_spoken(text)
        if self._program is None or not words:
            return None
        with self._one_at_a_time:
            if words not in self._said:
                sound = self._make(words)
                if sound is None:
                    return None
                self._said[words] = sound
                while len(self._said) > REMEMBER:
                    self._said.popitem(last=False)
            self._said.move_to_end(words)
            return self._said[words]

    def _make(self, words: str) -> bytes | None:
        assert self._program is not None
        command = [self._program, "-v", "cmn", "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
        try:
            done = subprocess.run(
                command, input=words.encode(), capture_output=True, timeout=TIMEOUT_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("speech_failed", kind=type(error).__name__)
            return None
        return done.stdout


def as_spoken(text: str) -> str:
    """`text` as it is read aloud: one printable line, 501 as 五零一 and not as five hundred and one."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST]
    return re.sub(r"\d{3,}", lambda number: number.group().translate(_DIGITS), printable).strip()
