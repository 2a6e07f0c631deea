"""What the launcher decides about its environment, and what it does to a damaged one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock")


def test_a_python_too_old_to_run_the_launcher_can_still_read_it() -> None:
    ast.parse((ROOT / "anxin.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_which_one_is_needed() -> None:
    pretend = f"import sys; sys.version_info = (3, 9, 2); exec(open({str(ROOT / 'anxin.py')!r}).read())"
    told = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "3.11" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_launcher_speaks_chinese_where_the_locale_knows_none() -> None:
    plain = {"LANG": "C", "LC_ALL": "POSIX"}
    told = subprocess.run(
        [sys.executable, str(ROOT / "anxin.py"), "--help"], env=plain, capture_output=True, check=True
    )
    assert "本机演示" in told.stdout.decode()


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "anxin.py"), "dmeo"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "dmeo" in told.stderr
    assert "demo" in told.stderr


def test_the_readme_starts_every_part_by_the_launcher_so_that_all_share_one_store(anxin: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL))
    commands = set(re.findall(r"python3 anxin\.py (\w+)", shown))
    assert commands >= {"demo", "test", "migrate", "register", "gateway"}
    assert commands <= {*anxin.MODULES, "demo", "test", "doctor"}
    assert "python -m" not in shown


def test_another_lock_or_another_python_asks_for_another_install(anxin: ModuleType) -> None:
    stamps = {
        anxin.stamp_of(b"a==1", (3, 11)),
        anxin.stamp_of(b"a==2", (3, 11)),
        anxin.stamp_of(b"a==1", (3, 12)),
    }
    assert len(stamps) == 3
    assert anxin.stamp_of(b"a==1", (3, 11)) in stamps


def test_uv_is_tried_before_pip_and_both_insist_on_hashes(anxin: ModuleType) -> None:
    commands = anxin.install_commands(Path("r.lock"), Path("env/python"), "/bin/uv", ["/bin/python3"])
    assert [command[0] for command in commands] == ["/bin/uv", "/bin/python3"]
    assert all("--require-hashes" in command for command in commands)
    assert commands[1][1:5] == ["-m", "pip", "--python", "env/python"]


def test_without_uv_and_pip_there_is_nothing_to_try(anxin: ModuleType) -> None:
    assert anxin.install_commands(Path("r.lock"), Path("env/python"), None, []) == []


def test_children_get_a_home_they_can_write_when_there_is_none(anxin: ModuleType, tmp_path: Path) -> None:
    for home in ("", "/nonexistent"):
        assert anxin.child_variables({"HOME": home}, tmp_path)["HOME"] == str(tmp_path / "home")
    assert anxin.child_variables({"HOME": str(tmp_path)}, Path("/other"))["HOME"] == str(tmp_path)


def test_children_do_not_inherit_another_installations_modules(anxin: ModuleType, tmp_path: Path) -> None:
    variables = anxin.child_variables({"PYTHONPATH": "/opt/robot", "PYTHONHOME": "/opt/python"}, tmp_path)
    assert variables["PYTHONPATH"] == str(ROOT)
    assert "PYTHONHOME" not in variables
    assert variables["PYTHONUTF8"] == "1"


def test_the_mirror_a_person_set_for_pip_is_used_by_uv_too(anxin: ModuleType, tmp_path: Path) -> None:
    variables = anxin.child_variables({"PIP_INDEX_URL": "http://mirror.example"}, tmp_path)
    assert variables["UV_DEFAULT_INDEX"] == "http://mirror.example"
    chosen = {"PIP_INDEX_URL": "http://mirror.example", "UV_DEFAULT_INDEX": "http://other.example"}
    assert anxin.child_variables(chosen, tmp_path)["UV_DEFAULT_INDEX"] == "http://other.example"


def test_a_half_made_environment_is_not_taken_for_a_python(anxin: ModuleType, tmp_path: Path) -> None:
    assert anxin.answers_as(Path(sys.executable), sys.version_info[:2])
    assert not anxin.answers_as(Path(sys.executable), (3, 9))
    assert not anxin.answers_as(tmp_path / "bin" / "python", sys.version_info[:2])


@pytest.fixture
def clone(anxin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty clone whose lock files ask for nothing, so that no test needs the network."""
    for name in LOCKS:
        (tmp_path / name).touch()
    monkeypatch.setattr(anxin, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(anxin, "SCRATCH", tmp_path / ".anxin")
    monkeypatch.setattr(anxin, "RUN_LOCK", tmp_path / LOCKS[0])
    monkeypatch.setattr(anxin, "TEST_LOCK", tmp_path / LOCKS[1])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # no uv, which is not ours to test
    return tmp_path


@pytest.mark.usefixtures("clone")
def test_the_environment_is_made_once_and_then_left_alone(
    anxin: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    python = anxin.prepare(for_tests=False)
    assert anxin.answers_as(python, sys.version_info[:2])
    assert "正在准备" in capsys.readouterr().out
    assert anxin.prepare(for_tests=False) == python
    assert capsys.readouterr().out == ""


def test_a_changed_lock_is_installed_again(
    anxin: ModuleType, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anxin.prepare(for_tests=True)
    capsys.readouterr()
    (clone / "requirements.lock").write_text("# another day\n")
    anxin.prepare(for_tests=False)
    assert "正在准备" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["interrupted", "no python", "a file"])
def test_a_broken_environment_is_made_anew(anxin: ModuleType, clone: Path, damage: str) -> None:
    folder = clone / ".venv"
    if damage == "a file":
        folder.touch()
    else:
        (folder / "bin").mkdir(parents=True)
        (folder / "pyvenv.cfg").touch()
        if damage == "interrupted":
            (folder / "bin" / "python").symlink_to(sys.executable)
            (folder / "anxin-unfinished").touch()
    python = anxin.prepare(for_tests=False)
    assert anxin.answers_as(python, sys.version_info[:2])
    assert not (folder / "anxin-unfinished").exists()


def test_a_failed_download_names_the_mirror_setting_and_is_tried_again(
    anxin: ModuleType, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "requirements.lock").write_text(f"anxin-nothing==1 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(anxin.Trouble) as trouble:
        anxin.prepare(for_tests=False)
    assert "PIP_INDEX_URL" in str(trouble.value)
    assert "镜像" in str(trouble.value)
    (clone / "requirements.lock").write_text("")
    assert anxin.answers_as(anxin.prepare(for_tests=False), sys.version_info[:2])


def test_a_folder_that_cannot_be_written_is_said_plainly(anxin: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(anxin.Trouble, match="无法写入"):
        anxin.make_folder(tmp_path / "file" / "inside")


def test_two_launchers_take_turns(anxin: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "setup.lock"
    with anxin.one_at_a_time(path), path.open("a+") as second:
        assert not anxin.try_lock(second.fileno())
    with path.open("a+") as second:
        assert anxin.try_lock(second.fileno())


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_no_place_of_ours(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    packages = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert len(packages) > 50
    assert all(line.endswith("\\") for line in packages)  # the hashes follow
    for place in ("://", "--index", "--extra-index", "--find-links", "-e ", "@ "):
        assert place not in text


def test_the_test_lock_agrees_with_the_run_lock_wherever_both_speak() -> None:
    run, tests = (_pins((ROOT / name).read_text(encoding="utf-8")) for name in LOCKS)
    assert run <= tests


def _pins(lock: str) -> set[str]:
    return {
        line.rstrip(" \\") for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))
    }
