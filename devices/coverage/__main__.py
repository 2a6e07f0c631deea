"""`python -m devices.coverage`: make devices/README.md."""

from __future__ import annotations

from pathlib import Path

from devices.coverage.page import page
from devices.profiles import shipped

README = Path(__file__).parents[1] / "README.md"

if __name__ == "__main__":
    README.write_text(page(shipped()), encoding="utf-8")
