"""How `test` judges a run and how `doctor` judges a machine."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from types import ModuleType

import pytest

REPORT = """\
<testsuites><testsuite>
  <testcase classname="tests.stories" name="test_help_comes"/>
  <testcase classname="tests.stories" name="test_known_gap">
    <skipped type="pytest.xfail" message="later"/>
  </testcase>
  <testcase classname="tests.api" name="test_console">
    <skipped type="pytest.skip" message="no Chromium"/>
  </testcase>
  <testcase classname="tests.maps" name="test_nearest"><failure message="no"/></testcase>
  <testcase classname="tests.maps" name="test_grid"><error message="no"/></testcase>
</testsuite></testsuites>
"""


def test_a_report_is_counted_with_the_reason_of_each_skip(anxin: ModuleType) -> None:
    tally = anxin.read_report(REPORT)
    assert (tally.passed, tally.failed) == (2, 2)
    assert tally.skipped == [("tests.api::test_console", "no Chromium")]


def test_a_skip_passes_at_home_and_fails_where_everything_is_installed(anxin: ModuleType) -> None:
    tally = anxin.Tally(passed=9, failed=0, skipped=[("test_console", "no Chromium")])
    assert anxin.verdict({"pytest": 0}, tally, skips_allowed=True) == 0
    assert anxin.verdict({"pytest": 0}, tally, skips_allowed=False) == 1


@pytest.mark.parametrize("codes", [{"mypy": 1, "pytest": 0}, {"pytest": 2}])
def test_one_failed_step_fails_the_whole(anxin: ModuleType, codes: dict[str, int]) -> None:
    assert anxin.verdict(codes, anxin.Tally(9, 0, []), skips_allowed=True) == 1


def test_a_run_without_tests_is_no_success(anxin: ModuleType) -> None:
    assert anxin.verdict({"pytest": 0}, None, skips_allowed=True) == 1
    assert anxin.verdict({"pytest": 0}, anxin.Tally(0, 0, []), skips_allowed=True) == 1


def test_arguments_for_pytest_run_only_pytest(anxin: ModuleType, tmp_path: Path) -> None:
    assert [step.name for step in anxin.test_steps("python", tmp_path, ["-k", "help"])] == ["pytest"]
    everything = [step.name for step in anxin.test_steps("python", tmp_path, [])]
    tests = ["pytest side by side", "pytest one by one"]
    assert everything == ["ruff format", "ruff check", "mypy", "lint-imports", *tests]


def test_each_test_runs_either_side_by_side_or_one_by_one(anxin: ModuleType, tmp_path: Path) -> None:
    beside, alone = anxin.test_steps("python", tmp_path, [])[-2:]
    chosen = [step.command[step.command.index("-m", 3) + 1] for step in (beside, alone)]
    assert chosen == [f"not ({anxin.ALONE})", anxin.ALONE]
    assert "-n" in beside.command
    assert "-n" not in alone.command


def test_several_reports_are_counted_as_one(anxin: ModuleType) -> None:
    tally = anxin.tally_of([REPORT, REPORT])
    assert (tally.passed, tally.failed, len(tally.skipped)) == (4, 4, 2)
    assert anxin.tally_of([]) is None


def test_a_disk_nearly_full_is_ill(anxin: ModuleType) -> None:
    assert anxin.examine_disk(2**30 + 1).well is True
    assert anxin.examine_disk(2**30).well is False


def test_a_clock_before_our_own_files_is_ill(anxin: ModuleType) -> None:
    assert anxin.examine_clock(now=1_000_000, newest=2_000_000).well is False
    assert anxin.examine_clock(now=2_000_000, newest=1_000_000).well is not False


def test_a_broker_that_is_not_there_is_ill_and_the_remedy_is_named(anxin: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    finding = anxin.examine_broker("127.0.0.1", port)
    assert finding.well is False
    assert "Mosquitto" in finding.remedy


@pytest.mark.parametrize(
    ("answer", "well"), [(b"\x20\x02\x00\x00", True), (b"\x20\x03\x00\x87\x00", True), (b"HTTP", False)]
)
def test_a_broker_is_well_when_it_answers_as_one(anxin: ModuleType, answer: bytes, well: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(64)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        finding = anxin.examine_broker("127.0.0.1", listener.getsockname()[1])
        thread.join()
    assert finding.well is well


@pytest.mark.parametrize("port", ["abc", "0", "65536"])
def test_the_doctor_names_the_setting_that_is_no_port(anxin: ModuleType, port: str) -> None:
    with pytest.raises(anxin.Trouble, match="ANXIN_MQTT_PORT"):
        anxin.port_setting({"ANXIN_MQTT_PORT": port}, "ANXIN_MQTT_PORT", 1883)
    assert anxin.port_setting({"ANXIN_MQTT_PORT": "65535"}, "ANXIN_MQTT_PORT", 1883) == 65535
    assert anxin.port_setting({}, "ANXIN_MQTT_PORT", 1883) == 1883


def test_a_port_that_cannot_be_is_refused_before_anything_starts(
    anxin: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        anxin.demo_options(["--port", "99999"])
    assert "--port" in capsys.readouterr().err


def test_the_doctor_warns_of_a_centre_whose_trouble_nobody_would_hear_of(anxin: ModuleType) -> None:
    told = {"ANXIN_TECHNICIANS": "13800000099", "ANXIN_HEARTBEAT_URL": "https://hc-ping.com/x"}
    assert [finding.well for finding in anxin.examine_watching(told)] == [True, True]
    nobody = list(anxin.examine_watching({"ANXIN_TECHNICIANS": " "}))
    assert [(finding.well, finding.what) for finding in nobody] == [
        (None, "technicians"),
        (None, "heartbeat"),
    ]
    assert [finding.remedy.partition(":")[0] for finding in nobody] == list(told)
    shown = "".join(finding.detail for finding in anxin.examine_watching(told))
    assert "hc-ping" not in shown, "who knows it can pretend that all is well"


def test_the_doctor_says_of_each_part_of_a_running_centre_how_it_is(anxin: ModuleType) -> None:
    told = "pass\tgateway\t1 s\nwarn\tprobe\t1次自检没有走通\nfail\tdispatcher\t调度已停12秒\n"
    findings = list(anxin.centre_findings(told, ""))
    assert [(each.what, each.well) for each in findings] == [
        ("centre: gateway", True),
        ("centre: probe", None),
        ("centre: dispatcher", False),
    ]
    assert findings[2].detail == "调度已停12秒"
    [nobody] = anxin.centre_findings("", "")
    assert (nobody.well, nobody.detail) == (None, "没有运行 not running")
    [broken] = anxin.centre_findings("", "ANXIN_TECHNICIANS: 'x' cannot be dialled")
    assert "ANXIN_TECHNICIANS" in broken.detail


def test_doctor_says_how_old_the_newest_backup_is(anxin: ModuleType, tmp_path: Path) -> None:
    assert anxin.examine_backups("", 0.0).well is None
    assert anxin.examine_backups(str(tmp_path), 0.0).well is False
    for name in ("anxin-20261121T031500Z.db", "anxin-20261120T031500Z.db", "anxin-20261122T031500Z.db.part"):
        (tmp_path / name).touch()
    newest = tmp_path / "anxin-20261121T031500Z.db"
    os.utime(tmp_path / "anxin-20261120T031500Z.db", (0, 0))
    made = newest.stat().st_mtime
    os.utime(tmp_path / "anxin-20261122T031500Z.db.part", (made + 86_400, made + 86_400))
    assert anxin.examine_backups(str(tmp_path), made + 35 * 3600).well is True
    old = anxin.examine_backups(str(tmp_path), made + 37 * 3600)
    assert (old.well, "37.0 h" in old.detail, str(tmp_path) in old.remedy) == (False, True, True)


def test_doctor_speaks_json_to_a_program(
    anxin: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for ill, code in ((False, 1), (None, 0)):
        found = [anxin.Finding("disk", True, "7 GiB"), anxin.Finding("broker", ill, "away", "start it")]
        monkeypatch.setattr(anxin, "examine", lambda _variables, found=found: found)
        assert anxin.doctor(["--json"]) == code
        told = json.loads(capsys.readouterr().out)
        assert told[1] == {"what": "broker", "well": ill, "detail": "away", "remedy": "start it"}
