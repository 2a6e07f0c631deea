"""The vendored files: complete, unchanged, and replaced only by what the table says."""

from __future__ import annotations

import hashlib
import re
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from maps.vendored import FILES, LEAFLET, LINKS, PMTILES, unpacked, vendor_dir


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_each_file_is_the_one_in_the_table(file: object) -> None:
    path, sha256 = file.path, file.sha256  # type: ignore[attr-defined]
    assert hashlib.sha256((vendor_dir() / path).read_bytes()).hexdigest() == sha256


def test_nothing_is_served_that_is_not_in_the_table() -> None:
    kept = {path.relative_to(vendor_dir()).as_posix() for path in vendor_dir().rglob("*") if path.is_file()}
    assert kept == {file.path for file in FILES}


def test_every_package_comes_with_its_licence() -> None:
    bring_it = {file.package for file in FILES if file.member.startswith("LICENSE")}
    assert {file.package for file in FILES} - bring_it == {PMTILES}
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    assert "pmtiles.js is pmtiles 4.5.0" in notice, "of the one that brings none, NOTICE has the text"
    assert "Copyright 2021 Protomaps LLC" in notice


def test_every_rewritten_link_has_its_file() -> None:
    assert {ours for ours in LINKS.values() if ours} <= {file.path for file in FILES}


def test_every_image_that_the_style_sheets_name_is_there() -> None:
    for sheet in vendor_dir().rglob("*.css"):
        named = re.findall(r"url\(([^)]+)\)", sheet.read_text(encoding="utf-8"))
        assert named, f"{sheet.name} names no image: is it still the file we think it is?"
        # "#default#VML" is for browsers long gone; data: images are in the sheet itself
        wanted = [name for name in named if not name.startswith(("#", '"data:'))]
        assert [name for name in wanted if not (sheet.parent / name).is_file()] == []


def packed(folder: Path, contents: dict[str, bytes]) -> Path:
    archive = folder / "leaflet.tgz"
    with tarfile.open(archive, "w:gz") as opened:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            opened.addfile(entry, BytesIO(content))
    return archive


def as_published() -> dict[str, bytes]:
    return {file.member: (vendor_dir() / file.path).read_bytes() for file in FILES if file.package == LEAFLET}


def test_a_package_gives_exactly_the_files_of_the_table(tmp_path: Path) -> None:
    archive = packed(tmp_path, as_published() | {"dist/leaflet-src.js": b"not wanted"})
    assert set(unpacked(archive, LEAFLET)) == {file.path for file in FILES if file.package == LEAFLET}
    assert unpacked(archive, "another@1.0.0") == {}


def test_a_package_that_was_changed_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path, as_published() | {"dist/leaflet.js": b"something else"})
    with pytest.raises(ValueError, match=r"dist/leaflet\.js of leaflet@1\.9\.3 has sha256"):
        unpacked(archive, LEAFLET)
