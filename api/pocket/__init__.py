"""The pages that people hold in their hands: how far help is, for relatives; where to go, for workers.

Nobody logs in here. A text brings six digits, a push a link; either opens one case to one person, and a GET
never does anything: whoever previews a link changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from api.pocket.door import Gate
from api.pocket.pages import router

STATIC_PATH = "/p/static"
static_dir: Path = Path(__file__).parent / "static"

__all__ = ["STATIC_PATH", "Gate", "router", "static_dir"]
