"""Which doors the settings open."""

from __future__ import annotations

from devices.formats import BY_NAME
from devices.formats.sia_dc09 import account_of
from gateway.settings import GatewaySettings
from gateway.sockets.doors import Door
from gateway.sockets.http import Posted
from gateway.sockets.keys import read_keys
from gateway.sockets.sip import Scaip
from gateway.sockets.talk import Plain


def listed(settings: GatewaySettings) -> tuple[Door, ...]:
    """The doors that have a port. ValueError or OSError: a setting of one of them is wrong."""
    doors: list[Door] = []
    for name, port in (("watch", settings.watch_port), ("iw", settings.iw_port)):
        if port is not None:
            doors.append(Door(Plain(BY_NAME[name]), tcp=port))
    if (port := settings.dc09_port) is not None:
        keys = read_keys(settings.dc09_keys) if settings.dc09_keys is not None else {}
        talk = Plain(BY_NAME["sia_dc09"], lambda said: keys.get(account_of(said), b""))
        doors.append(Door(talk, tcp=port, udp=port))
    if (port := settings.scaip_port) is not None:
        doors.append(Door(Scaip(settings.scaip_answers), tcp=port, udp=port))
    if (port := settings.traccar_port) is not None:
        doors.append(Door(Posted(BY_NAME["traccar"], settings.traccar_token.get_secret_value()), tcp=port))
    return tuple(doors)
