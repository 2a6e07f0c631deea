"""The whole demo, as the launcher starts it: a press reaches a phone, a part is killed, all ends in time."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.servers import free_port

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the demo's process tree is tested on POSIX")

Until = Callable[[Callable[[], bool]], bool]


@dataclass(frozen=True)
class Evening:
    """A running demo."""

    tree: Any
    plan: Any
    api_port: int
    api_key: str

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[http.client.HTTPResponse]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=60)) as to:
            to.request("GET", path, headers={"Authorization": f"Bearer {self.api_key}"})
            with to.getresponse() as response:
                yield response

    def read(self, path: str) -> Any:
        with self.open(path) as response:
            assert response.status == 200, response.read()
            return json.load(response)

    def is_open(self) -> bool:
        with contextlib.suppress(OSError), self.open("/readyz") as response:
            return response.status == 200
        return False


@pytest.fixture
def evening(anxin: ModuleType, tmp_path: Path) -> Iterator[Evening]:
    (tmp_path / "logs").mkdir()
    api_port, mqtt_port, v3_port = free_port(), free_port(), free_port()
    variables = anxin.child_variables({}, tmp_path) | anxin.demo_variables(tmp_path, mqtt_port, api_port)
    tree = anxin.ProcessTree(variables, tmp_path / "logs")
    plan = anxin.demo_plan(sys.executable, tmp_path, mqtt_port, v3_port)
    try:
        anxin.start_everything(tree, plan)
        seeded = json.loads((tmp_path / "seed.json").read_text(encoding="utf-8"))
        yield Evening(tree, plan, api_port, seeded["api_key"])
    finally:
        tree.stop()


def test_a_newcomer_sees_a_press_become_a_text_and_can_leave_at_any_time(
    evening: Evening, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evening.read("/api/phones") == []
    evening.tree.start(evening.plan.press)
    assert until(lambda: bool(evening.read("/api/phones")))
    assert until(lambda: "女儿李梅" in [phone["name"] for phone in evening.read("/api/phones")])
    (hers,) = [phone["phone"] for phone in evening.read("/api/phones") if phone["name"] == "女儿李梅"]
    [text] = evening.read(f"/api/phones/{hers}")
    assert text["body"].startswith("【2222999】王秀英")

    api = next(life for life in evening.tree.lives if life.part.name == "api")
    api.process.kill()
    assert until(lambda: evening.tree.tend() or (api.process.poll() is None and evening.is_open()))
    assert "api 意外退出" in capsys.readouterr().out

    with evening.open("/api/live") as stream:
        assert stream.readline().startswith(b"event:")
        processes = [life.process for life in evening.tree.lives]
        evening.tree.stop()
    assert all(process.returncode is not None for process in processes)
