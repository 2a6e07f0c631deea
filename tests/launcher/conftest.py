"""The launcher, loaded from its file as a person starts it, and a tree of real processes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import servers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def anxin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("anxin_launcher", ROOT / "anxin.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(anxin: ModuleType, tmp_path: Path) -> Iterator[Any]:
    tree = anxin.ProcessTree({"PYTHONUNBUFFERED": "1"}, tmp_path)
    yield tree
    tree.stop()


@pytest.fixture
def part(anxin: ModuleType) -> Callable[..., Any]:
    """A part that is a small Python program of its own."""

    def make(name: str, program: str, **options: Any) -> Any:
        return anxin.Part(name, [sys.executable, "-c", program], **options)

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], bool]:
    """Wait until something real has happened."""
    return servers.until
