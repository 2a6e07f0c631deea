"""What the fall-back is told from outside, beside what a dispatcher is told: which channels, and how."""

from __future__ import annotations

from pydantic import Field

from dispatcher.settings import DispatcherSettings


class FallbackSettings(DispatcherSettings):
    """`fallback_folder` holds names and numbers: it is made readable by nobody else."""

    fallback_id: str = "anxin-fallback-1"  # the name of its session at the broker: fixed, and its own
    fallback_folder: str = "fallback"
    # The centre tells within a second, and its own repairs take half a minute.
    fallback_wait_s: float = Field(default=45, ge=5, le=300)
