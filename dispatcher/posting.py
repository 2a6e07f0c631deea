"""The way to a receiver of webhooks: only where an administrator may send, never on by a redirect.

A name must lead to a public address, over https, and the connection goes to that very address: a name that
leads elsewhere a moment later changes nothing. Inside one's own network the address itself is typed in.
Of the answer nothing but its status is taken.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Timer
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from community.errors import Invalid
from dispatcher.channels.http import Silence

CONNECT_S, ANSWER_S = 1.5, 3.0
LONGEST_URL = 500
_PORTS = {"https": 443, "http": 80}
_IN_ASCII = re.compile(r"[!-~]+")

# Where clouds keep their keys as if in one's own network: Alibaba's, and Amazon's by IPv6.
_KEYS = frozenset({ip_address("100.100.100.200"), ip_address("fd00:ec2::254")})

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], list[str]]  # host and port → addresses; raises OSError


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver. `address` is set where it was typed in; a name is looked up for each attempt."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None


def target(url: str) -> Target:
    """Where a URL leads. Invalid, with what to do, for one to which nothing is sent."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("这不是网址 this is no address: write https://host/path") from None
    if parts.scheme not in _PORTS or not host or len(url) > LONGEST_URL or not _IN_ASCII.fullmatch(url):
        raise _refused("请写 https://主机/路径 write https://host/path, in ASCII")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused(
            "网址里不写账号和片段 leave out user, password and fragment: the signature says it is us"
        )
    address = _literal("127.0.0.1" if host == "localhost" else host)
    if address is not None and not _may_be_typed(address):
        raise _refused("不能发往这个地址 nothing is sent to this address")
    if parts.scheme == "http" and (address is None or address.is_global):
        raise _refused(
            "公网请用https;内网请直接写IP地址 use https, or type the address of a machine of yours"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path, address)


def looked_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def post(url: str, headers: Mapping[str, str], said: bytes, lookup: Lookup = looked_up) -> int | Silence:
    """POST once; the status of the answer, or why there was none. Never raises for what a receiver does."""
    try:
        to = target(url)
    except Invalid:
        return Silence("refused: nothing is sent there")
    address = to.address
    if address is None:
        try:
            found = [ip_address(one.partition("%")[0]) for one in lookup(to.host, to.port)]
        except (OSError, ValueError):
            return Silence("the name is not known")
        if not found or not all(map(_is_public, found)):
            return Silence("refused: the name leads into a private network; type the address itself")
        address = found[0]
    host = f"[{to.host}]" if ":" in to.host else to.host
    named = {**headers, "host": host if to.port == _PORTS[to.scheme] else f"{host}:{to.port}"}
    line = _line(to, str(address))
    try:
        line.connect()
        return _asked(line, to.path, named, said)
    except (HTTPError, HTTPException, OSError, ValueError) as broken:
        return Silence(type(broken).__name__)
    finally:
        line.close()


def _line(to: Target, where: str) -> HTTPConnection:
    if to.scheme == "http":
        return HTTPConnection(where, to.port, timeout=CONNECT_S)
    return HTTPSConnection(
        where,
        to.port,
        timeout=CONNECT_S,
        server_hostname=to.host,
        assert_hostname=to.host,
        ssl_context=ssl.create_default_context(),
    )


def _asked(line: HTTPConnection, path: str, headers: Mapping[str, str], said: bytes) -> int:
    """The status of the answer, which is there in time as a whole: a receiver that answers letter by letter
    would else keep a sender, and a dispatcher that is to stop, for as long as it likes.
    """
    reached = line.sock
    reached.settimeout(ANSWER_S)
    enough = Timer(ANSWER_S, socket.socket.shutdown, (reached, socket.SHUT_RDWR))
    enough.start()
    try:
        line.request("POST", path, said, headers, preload_content=False)
        return int(line.getresponse().status)
    finally:
        enough.cancel()


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def _is_public(address: Address) -> bool:
    plain = _plain(address)
    return plain.is_global and not plain.is_multicast


def _may_be_typed(address: Address) -> bool:
    """A machine of one's own, or a public one; never a cloud's own data (169.254.…), never many at once."""
    plain = _plain(address)
    return plain not in _KEYS and not (
        plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved
    )


def _refused(words: str) -> Invalid:
    return Invalid("bad_webhook_address", words)
