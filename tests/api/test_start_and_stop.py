"""`python -m api` as an administrator meets it: it says when it is ready, why not, and it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from community.storage import Store
from tests.api.conftest import PASSWORD, Town

ENDS_WITHIN_S = 60.0  # it takes a tenth of a second; the rest is for a machine that is busy with other things


def run(variables: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "api"],
        env=dict(variables),  # and nothing of what the tester's own shell may have set
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_serves_and_ends_at_once_with_an_open_stream(
    store: Store, town: Town, free_port: int, end: signal.Signals
) -> None:
    assert town.operator.active
    url = f"http://127.0.0.1:{free_port}"
    database = store.engine.url.render_as_string(hide_password=False)
    process = run({"ANXIN_DATABASE_URL": database, "ANXIN_API_PORT": str(free_port)})
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready {url}\n"
        with httpx2.Client(base_url=url, timeout=60) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").status_code == 200
            answer = client.post("/api/login", json={"login": "liufang", "password": PASSWORD})
            assert answer.headers["server"] == "Anxin"
            # A proxy is believed only when it is named: nobody may say where he comes from.
            client.get("/api/board", params={"search": "13800138000"}, headers={"X-Forwarded-For": "6.6.6.6"})
            with client.stream("GET", "/api/live") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: snapshot"
                process.send_signal(end)
                process.wait(ENDS_WITHIN_S)
                assert 'data: {"reason":"closing"}' in list(lines)
    finally:
        process.kill()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "13800138000" not in errors
    assert "Traceback" not in errors


def test_a_database_that_nobody_has_migrated_is_refused_with_the_command(tmp_path: Path) -> None:
    process = run({"ANXIN_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert "anxin.py migrate" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "variables, remedy",
    [
        ({"ANXIN_API_PORT": "80000"}, "ANXIN_API_PORT: Input should be less"),
        ({"ANXIN_DATABASE_URL": "sqlite://", "ANXIN_PUBLIC_URL": "http://anxin.example.org"}, "TLS proxy"),
        ({"ANXIN_DATABASE_URL": "mysql://geheim@db/anxin"}, "postgresql+psycopg://"),
        ({"ANXIN_DATABASE_URL": "no url geheim"}, "ANXIN_DATABASE_URL"),
    ],
)
def test_settings_that_cannot_work_are_named_with_their_remedy(
    variables: dict[str, str], remedy: str
) -> None:
    process = run(variables)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert remedy in errors
    assert "geheim" not in errors
    assert "Traceback" not in errors
