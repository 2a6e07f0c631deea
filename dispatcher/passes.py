"""Who may look at a case without a login: whoever was told of it, with six digits or a signed link.

Nothing is kept. Both follow from the case, the person and the site's secret, so a press costs no row more,
and every copy of the centre answers alike.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

DIGITS: Final = 6
LASTS_CLOSED: Final = timedelta(hours=24)  # a page about a closed case is gone after so long
LASTS: Final = timedelta(hours=12)  # a link, and a phone that has come in: a shift
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Pass:
    """One person may look at one case. `who` is `contact:<id>` or `responder:<id>`."""

    incident_id: int
    who: str


def code(secret: str, held: Pass) -> str:
    """The six digits for a text. Empty without a secret: the site has no such pages."""
    if not secret:
        return ""
    number = int.from_bytes(_tag(secret, f"code {held.incident_id} {held.who}")[:8])
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def seal(secret: str, held: Pass, until: datetime) -> str:
    """A token for a link or a cookie; nobody who does not know the secret can make one."""
    said = f"{held.incident_id} {held.who} {int(until.timestamp())}"
    return urlsafe_b64encode(_tag(secret, f"pass {said}") + said.encode()).decode().rstrip("=")


def unseal(secret: str, token: str, now: datetime) -> Pass | None:
    """What a token allows; None when it is not ours, damaged, or has ended."""
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        tag, said = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:].decode()
    except ValueError:
        return None
    if not secret or not hmac.compare_digest(tag, _tag(secret, f"pass {said}")):
        return None
    incident_id, who, until = said.split(" ")
    if now >= datetime.fromtimestamp(int(until), UTC):
        return None
    return Pass(int(incident_id), who)


def _tag(secret: str, said: str) -> bytes:
    return hmac.digest(secret.encode(), said.encode(), "sha256")[:_TAG_BYTES]
