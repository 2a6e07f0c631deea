"""Everybody who can be sent, as the register has them: people, weekly duty times, leaves."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import Connection

from community.storage import register, rota
from dispatcher.fleet import Fleet


def fleet(connection: Connection, zone: tzinfo) -> Fleet:
    """`zone` is the site's: duty times are local."""
    return Fleet(register.responders(connection), register.duties(connection), zone, rota.leaves(connection))
