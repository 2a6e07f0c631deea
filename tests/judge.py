"""Who judges us: Prism by a provider's own description of its API, between us and a stand-in; axe our pages.

The npm packages are pinned in `tests/judges/package-lock.json` and installed once, into the user's cache;
where there is no npm, the tests that need them are skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.servers import Server, free_port

PINNED = Path(__file__).with_name("judges")
AXE = "node_modules/axe-core/axe.min.js"
TWILIO = "node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
_INSTALL_WITHIN_S = 300


def installed() -> Path:
    """The folder of the pinned packages; installs them when they are not there, or skips the test."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no npm: apt-get install npm")
    stamp = hashlib.sha256((PINNED / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")  # noqa: TID251 - the user's
    folder = cache / "anxin" / f"judges-{stamp}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as making:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PINNED / name, making)
            # No scripts: nothing here has to be built, and nothing should run by being installed.
            flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--omit=optional"]
            try:
                done = subprocess.run(
                    [npm, "ci", *flags],
                    cwd=making,
                    capture_output=True,
                    text=True,
                    timeout=_INSTALL_WITHIN_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm ci took longer than {_INSTALL_WITHIN_S} s")
            if done.returncode != 0:
                pytest.skip(f"npm ci failed: {done.stderr.strip()[-300:]}")
            if not folder.exists():  # another run may have been quicker
                Path(making).rename(folder)
                Path(making).mkdir()
    return folder


def axe() -> str:
    """The source of axe-core, which finds what people with poor eyes, hands or ears could not use."""
    return (installed() / AXE).read_text(encoding="utf-8")


def description(folder: Path) -> dict[str, Any]:
    """Twilio's description of its API, with two things put right in which Twilio itself does otherwise.

    Ten array parameters are repeated in forms (`StatusCallbackEvent=initiated&StatusCallbackEvent=…`), and
    nothing says so: a judge takes one string for them, and refuses what Twilio takes. The addresses of pages
    are called whole URIs, and are paths in each of the description's own examples.
    """
    said: dict[str, Any] = orjson.loads((folder / TWILIO).read_bytes())
    for operations in said["paths"].values():
        for operation in operations.values():
            if not isinstance(operation, dict):
                continue
            for body in operation.get("requestBody", {}).get("content", {}).values():
                for name, schema in body["schema"].get("properties", {}).items():
                    if schema.get("type") == "array":
                        repeated = {"style": "form", "explode": True}
                        body.setdefault("encoding", {}).setdefault(name, repeated)
            for answer in operation.get("responses", {}).values():
                for body in answer.get("content", {}).values():
                    for name, schema in body["schema"].get("properties", {}).items():
                        if name.endswith("uri") and schema.get("format") == "uri":
                            schema["format"] = "uri-reference"
    return said


class Prism(Server):
    """`prism proxy`: a request or an answer that is not as described becomes an error."""

    def __init__(self, folder: Path, work: Path, upstream: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        described = work / "twilio.json"
        described.write_bytes(orjson.dumps(description(folder)))
        program = folder / "node_modules" / ".bin" / "prism"
        options = ["--errors", "--port", str(self.port), "--host", "127.0.0.1"]
        super().__init__(
            "prism", [str(program), "proxy", str(described), upstream, *options], work / "prism.log"
        )

    def serves(self, before: int) -> bool:
        with self.log.open("rb") as log:
            log.seek(before)
            return b"Prism is listening" in log.read()


@contextmanager
def judging(work: Path, upstream: str) -> Iterator[Prism]:
    """A judge before the server `upstream`."""
    judge = Prism(installed(), work, upstream)
    judge.start()
    try:
        yield judge
    finally:
        judge.stop()
