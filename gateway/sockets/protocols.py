"""Which doors the settings open."""

from __future__ import annotations

from devices.formats import BY_NAME
from gateway.settings import GatewaySettings
from gateway.sockets.doors import Door
from gateway.sockets.talk import Plain


def listed(settings: GatewaySettings) -> tuple[Door, ...]:
    """The doors that have a port."""
    return tuple(
        Door(Plain(BY_NAME[name]), tcp=port)
        for name, port in (("watch", settings.watch_port), ("iw", settings.iw_port))
        if port is not None
    )
