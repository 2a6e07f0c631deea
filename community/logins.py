"""The logins of devices at the MQTT server: one name, one client id and its own topics for each.

The same logins as Mosquitto's plain files (passwords, access list) and as the state of its dynamic security.
Passwords are kept as Mosquitto hashes them (PBKDF2 with SHA-512): what is stored can be written to either.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from community.errors import Invalid
from devices.formats.rights import Rights

# Servers that speak for many devices: what they may say stands in deploy/mosquitto/devices.acl.
SERVERS: Final = ("traccar", "chirpstack", "tts", "loriot")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH: Final = re.compile(r"\$7\$([0-9]{1,7})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")
# As mosquitto_passwd does. What we make up has 190 bits: nothing is gained by making each login slow.
_ITERATIONS: Final = 101
_ROLE: Final = "device:"  # before a login: its role in dynamic security


@dataclass(frozen=True, slots=True)
class Login:
    """`name` is its user name and its client id; `hashed` its password as Mosquitto keeps it."""

    name: str
    hashed: str
    rights: Rights


def invented() -> str:
    """A password for a device: nobody has to remember it."""
    return secrets.token_urlsafe(24)


def hashed(password: str, salt: bytes | None = None) -> str:
    """As Mosquitto 2 keeps it: $7$iterations$salt$hash."""
    salt = secrets.token_bytes(12) if salt is None else salt
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(made).decode()}"


def require_usable(name: str) -> None:
    """Invalid: it could not stand in a file of the broker, or is a server's."""
    if _NAME.fullmatch(name) is None or name in SERVERS:
        raise Invalid(
            "unusable_login",
            f"the login {name!r} cannot be used: take letters, digits, '.', '_' and '-', at most 64,"
            f" and none of {', '.join(SERVERS)}",
        )


def passwords(logins: Iterable[Login], before: str = "") -> str:
    """Mosquitto's password file. Those of network servers in the file `before` stay."""
    kept = [line for line in before.splitlines() if line.partition(":")[0] in SERVERS]
    return "".join(f"{line}\n" for line in [*kept, *(f"{each.name}:{each.hashed}" for each in logins)])


def access_list(logins: Iterable[Login], shipped: str) -> str:
    """Mosquitto's access list: each login its own topics; network servers theirs, as `shipped` says.

    There is no rule by pattern: a login that is not in the register may do nothing.
    """
    blocks = [_block(each) for each in logins] + [_server(name, shipped) for name in SERVERS]
    return "# Written from the register: do not edit.\n\n" + "\n".join(block for block in blocks if block)


def dynamic_security(logins: Iterable[Login], before: Mapping[str, Any]) -> dict[str, Any]:
    """The state of Mosquitto's dynamic security with a role for each login (its roles do not know %u).

    Clients and roles in the state `before` that are not devices' stay: its administrator, network servers.
    """
    ours = tuple(logins)
    roles = [role for role in before.get("roles", ()) if not role["rolename"].startswith(_ROLE)]
    clients = [client for client in before.get("clients", ()) if not _is_ours(client)]
    names = {each.name for each in ours}
    return {
        "defaultACLAccess": dict.fromkeys(
            ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), False
        )
        | {"unsubscribe": True},
        "clients": [client for client in clients if client["username"] not in names]
        + [_client(each) for each in ours],
        "groups": list(before.get("groups", ())),
        "roles": roles + [_role(each) for each in ours],
    }


def told(name: str, *, may_enter: bool) -> dict[str, Any]:
    """What Mosquitto's dynamic security is told when a login ends, or counts again; who is out is cut off."""
    command = "enableClient" if may_enter else "disableClient"
    return {"commands": [{"command": command, "username": name, "correlationData": secrets.token_hex(8)}]}


def by_hand(name: str, *, may_enter: bool) -> str:
    """The same, as somebody types it at the broker."""
    return f"mosquitto_ctrl dynsec {'enableClient' if may_enter else 'disableClient'} {name}"


def _block(login: Login) -> str:
    lines = [f"user {login.name}"]
    lines += [f"topic write {topic}" for topic in sorted(login.rights.says)]
    lines += [f"topic read {topic}" for topic in sorted(login.rights.hears)]
    return "\n".join(lines) + "\n"


def _server(name: str, shipped: str) -> str:
    """Its lines in the access list that comes with the centre."""
    found = re.search(rf"^user {name}\n((?:topic .+\n)+)", shipped, re.MULTILINE)
    return found[0] if found else ""


def _client(login: Login) -> dict[str, Any]:
    found = _HASH.fullmatch(login.hashed)
    if found is None:
        raise Invalid("unusable_login", f"the password of {login.name} is not kept as Mosquitto needs it")
    return {
        "username": login.name,
        "clientid": login.name,
        "password": found[3],
        "salt": found[2],
        "iterations": int(found[1]),
        "roles": [{"rolename": f"{_ROLE}{login.name}"}],
    }


def _role(login: Login) -> dict[str, Any]:
    says = [("publishClientSend", topic) for topic in sorted(login.rights.says)]
    hears = [
        (how, topic)
        for topic in sorted(login.rights.hears)
        for how in ("subscribePattern", "publishClientReceive")
    ]
    return {
        "rolename": f"{_ROLE}{login.name}",
        "acls": [
            {"acltype": how, "topic": topic, "priority": 0, "allow": True} for how, topic in says + hears
        ],
    }


def _is_ours(client: Mapping[str, Any]) -> bool:
    return any(role["rolename"].startswith(_ROLE) for role in client.get("roles", ()))
