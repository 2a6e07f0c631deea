"""The third-party files our maps load: kept in `maps/vendor`, served at `/vendor`, never from elsewhere.

`python -m maps.vendored` fetches them again with npm, checks each against its sha256 and replaces the folder.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

URL = "/vendor"


@dataclass(frozen=True, slots=True)
class VendoredFile:
    """A file of an npm package: where it is in the package, where we keep it, and its sha256 in hex."""

    package: str  # name@version
    member: str
    path: str
    sha256: str


# Leaflet matches the version that folium's pages are written for.
LEAFLET = "leaflet@1.9.3"
# The live map of the console, where the browser has WebGL2.
MAPLIBRE = "maplibre-gl@6.17.0"
# Reads a site's own base map; its package brings no licence file, so NOTICE has the text.
PMTILES = "pmtiles@4.5.0"
FILES = (
    VendoredFile(
        LEAFLET,
        "dist/leaflet.js",
        "leaflet/leaflet.js",
        "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    ),
    VendoredFile(
        LEAFLET,
        "dist/leaflet.css",
        "leaflet/leaflet.css",
        "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
    ),
    VendoredFile(
        LEAFLET,
        "dist/images/layers.png",
        "leaflet/images/layers.png",
        "1dbbe9d028e292f36fcba8f8b3a28d5e8932754fc2215b9ac69e4cdecf5107c6",
    ),
    VendoredFile(
        LEAFLET,
        "dist/images/layers-2x.png",
        "leaflet/images/layers-2x.png",
        "066daca850d8ffbef007af00b06eac0015728dee279c51f3cb6c716df7c42edf",
    ),
    VendoredFile(
        LEAFLET,
        "dist/images/marker-icon.png",
        "leaflet/images/marker-icon.png",
        "574c3a5cca85f4114085b6841596d62f00d7c892c7b03f28cbfa301deb1dc437",
    ),
    VendoredFile(
        LEAFLET,
        "dist/images/marker-icon-2x.png",
        "leaflet/images/marker-icon-2x.png",
        "00179c4c1ee830d3a108412ae0d294f55776cfeb085c60129a39aa6fc4ae2528",
    ),
    VendoredFile(
        LEAFLET,
        "dist/images/marker-shadow.png",
        "leaflet/images/marker-shadow.png",
        "264f5c640339f042dd729062cfc04c17f8ea0f29882b538e3848ed8f10edb4da",
    ),
    VendoredFile(
        LEAFLET,
        "LICENSE",
        "leaflet/LICENSE",
        "97c194191510b19c72d25094922821a888d5d9bafb909ea7a38c9bf5b6c40a08",
    ),
    VendoredFile(
        MAPLIBRE,
        "dist/maplibre-gl.mjs",
        "maplibre-gl/maplibre-gl.mjs",
        "e02cb08c572fd0950a75343cd558099c2a1dbbaf67f26b0c96f115431962d1ae",
    ),
    VendoredFile(
        MAPLIBRE,
        "dist/maplibre-gl-worker.mjs",
        "maplibre-gl/maplibre-gl-worker.mjs",
        "73d7a024a4efe1a46e49db193e18cfe33271e3ecc652ec7542c281a4ef5f0f04",
    ),
    VendoredFile(
        MAPLIBRE,
        "dist/maplibre-gl.css",
        "maplibre-gl/maplibre-gl.css",
        "a90798a1953017790e590f7e1bd35ff103a8a4263972cb47290b78adf86f8c20",
    ),
    VendoredFile(
        MAPLIBRE,
        "LICENSE.txt",
        "maplibre-gl/LICENSE.txt",
        "ee5fc05a0677eaf69601d2c7db0d9ecd6cc27c3abc1d0733bc9ed34707cf8ef2",
    ),
    VendoredFile(
        PMTILES,
        "dist/pmtiles.js",
        "pmtiles/pmtiles.js",
        "caf981bc46f6327ee7e65d5dc964d89d38a69f60edca2bd4c5c890c21b554c6c",
    ),
)

# What folium links to, by the path of the address (whichever host it names, with its version), and what the
# page gets instead: one of our files, or nothing for what our pages do not use (no popups, no font icons).
LINKS: dict[str, str | None] = {
    "npm/leaflet@1.9.3/dist/leaflet.js": "leaflet/leaflet.js",
    "npm/leaflet@1.9.3/dist/leaflet.css": "leaflet/leaflet.css",
    "jquery-3.7.1.min.js": None,
    "npm/bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js": None,
    "npm/bootstrap@5.2.2/dist/css/bootstrap.min.css": None,
    "bootstrap/3.0.0/css/bootstrap-glyphicons.css": None,
    "npm/@fortawesome/fontawesome-free@6.2.0/css/all.min.css": None,
    "ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js": None,
    "ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css": None,
    "gh/python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css": None,
}


def vendor_dir() -> Path:
    """The folder to serve at `/vendor`."""
    return Path(__file__).parent / "vendor"


def fetch(into: Path) -> None:
    """Write all of `FILES` below `into`, from the npm registry that npm is configured with.

    Nothing is written unless every file has its sha256: ValueError names the file that differs.
    """
    contents: dict[str, bytes] = {}
    for package in sorted({file.package for file in FILES}):
        with tempfile.TemporaryDirectory() as scratch:
            packing = ("npm", "pack", "--silent", "--pack-destination", scratch, package)
            subprocess.run(packing, check=True, stdout=subprocess.DEVNULL)
            (packed,) = Path(scratch).glob("*.tgz")
            contents |= unpacked(packed, package)
    for path, content in contents.items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def unpacked(archive: Path, package: str) -> dict[str, bytes]:
    """The files we keep of `package` from its npm archive, by our path, each checked against its sha256."""
    contents: dict[str, bytes] = {}
    with tarfile.open(archive) as opened:
        for file in FILES:
            if file.package != package:
                continue
            member = opened.extractfile(f"package/{file.member}")
            content = member.read() if member else b""
            found = hashlib.sha256(content).hexdigest()
            if found != file.sha256:
                raise ValueError(
                    f"{file.member} of {package} has sha256 {found}, not {file.sha256}: "
                    "look at what changed before you change the table"
                )
            contents[file.path] = content
    return contents


if __name__ == "__main__":
    try:
        fetch(vendor_dir())
    except (OSError, subprocess.CalledProcessError, ValueError) as problem:
        sys.exit(f"不能取得地图文件 Cannot fetch the vendored files: {problem}")
