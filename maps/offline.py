"""Make what folium renders work with no network and under a strict Content-Security-Policy.

folium links to public hosts. Each link is rewritten to one of our vendored files, or dropped, from a table;
an address that is not in the table is refused, so that no update of folium can make a page call home.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from maps.vendored import LINKS, URL

LINK = re.compile(
    r'[ \t]*(?:<script src="(?P<script>[^"]*)"></script>'
    r'|<link rel="stylesheet" href="(?P<style>[^"]*)" ?/>)\n?'
)
# Any scheme that leaves the page, and addresses that inherit its scheme.
ELSEWHERE = re.compile(r"""(?:\b(?:https?|wss?|ftp):|(?<=["'(=]))//[^\s"'<>)]*""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One HTML page and the policy it must be served under.

    `script_hashes` and `style_hashes` are the CSP sources ('sha256-…') of its inline scripts and styles.
    """

    html: str
    script_hashes: tuple[str, ...]
    style_hashes: tuple[str, ...]

    @property
    def content_security_policy(self) -> str:
        """The value of the Content-Security-Policy header for this page: our own files and nothing else."""
        return "; ".join(
            (
                "default-src 'none'",
                " ".join(("script-src 'self'", *self.script_hashes)),
                " ".join(("style-src 'self'", *self.style_hashes)),
                "img-src 'self'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'self'",
            )
        )


def offline(html: str) -> Page:
    """The page that `html` becomes when nothing may be loaded from elsewhere.

    ValueError when it links to an address that `maps.vendored.LINKS` does not know, or names one elsewhere.
    """
    rewritten = LINK.sub(_rewritten, html)
    foreign = ELSEWHERE.search(rewritten)
    if foreign:
        raise ValueError(
            f"the page would reach for {foreign[0]!r}; vendor the file and list it in maps.vendored.LINKS"
        )
    return Page(rewritten, _hashes("script", rewritten), _hashes("style", rewritten))


def _rewritten(link: re.Match[str]) -> str:
    address = link["script"] or link["style"] or ""
    path = urlsplit(address).path.lstrip("/")
    if path not in LINKS:
        raise ValueError(
            f"the page links to {address!r}, which is not vendored; list it in maps.vendored.LINKS, "
            "with our copy or as not needed"
        )
    ours = LINKS[path]
    return link[0].replace(address, f"{URL}/{ours}") if ours else ""


def _hashes(element: str, html: str) -> tuple[str, ...]:
    inline = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digests = (hashlib.sha256(content.encode()).digest() for content in inline)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
