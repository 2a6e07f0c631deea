"""No page reaches for anything but our own files."""

from __future__ import annotations

import base64
import hashlib

import pytest

from maps.offline import offline

HEAD = """<html><head>
    <script src="https://one.example/npm/leaflet@1.9.3/dist/leaflet.js"></script>
    <link rel="stylesheet" href="https://one.example/npm/leaflet@1.9.3/dist/leaflet.css"/>
    <script src="https://two.example/jquery-3.7.1.min.js"></script>
    <link rel="stylesheet" href="https://three.example/bootstrap/3.0.0/css/bootstrap-glyphicons.css"/>
</head>"""


def test_what_we_have_is_served_by_us_and_what_we_do_not_use_is_dropped() -> None:
    assert offline(HEAD).html == (
        "<html><head>\n"
        '    <script src="/vendor/leaflet/leaflet.js"></script>\n'
        '    <link rel="stylesheet" href="/vendor/leaflet/leaflet.css"/>\n'
        "</head>"
    )


@pytest.mark.parametrize(
    "link",
    [
        '<script src="https://one.example/npm/leaflet@1.9.4/dist/leaflet.js"></script>',  # another version
        '<script src="https://one.example/npm/leaflet.markercluster/dist/x.js"></script>',
        '<link rel="stylesheet" href="https://one.example/new.css"/>',
        '<link rel="stylesheet" href="/local/but/unknown.css" />',
        '<script src=""></script>',
    ],
)
def test_a_link_that_is_not_in_the_table_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="not vendored; list it"):
        offline(f"<head>\n{link}\n</head>")


@pytest.mark.parametrize(
    "html",
    [
        "<script>L.tileLayer('https://tiles.example/{z}/{x}/{y}.png')</script>",
        "<script>fetch('//tiles.example/a')</script>",
        "<script>new WebSocket('wss://live.example/')</script>",
        "<style>@import url(//fonts.example/a.css)</style>",
        '<img src="HTTP://pixel.example/1.gif">',
        "<img src=//pixel.example/1.gif>",
        '<script async src="https://one.example/npm/leaflet@1.9.3/dist/leaflet.js"></script>',
        '<a href="https://leaflet.example">Leaflet</a>',
    ],
)
def test_an_address_anywhere_else_is_refused(html: str) -> None:
    with pytest.raises(ValueError, match="would reach for"):
        offline(html)


def test_a_comment_is_not_an_address() -> None:
    html = "<script>\n// a remark\nlet a = 1; // another\n</script>"
    assert offline(html).html == html


def test_the_policy_names_each_inline_script_and_style_and_nothing_else() -> None:
    page = offline("<style>b {}</style><script>\nlet 安 = 1\n</script><script>2</script>")
    digest = base64.b64encode(hashlib.sha256("\nlet 安 = 1\n".encode()).digest()).decode()
    assert page.script_hashes[0] == f"'sha256-{digest}'"
    assert (len(page.script_hashes), len(page.style_hashes)) == (2, 1)
    policy = dict(part.split(" ", 1) for part in page.content_security_policy.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == " ".join(("'self'", *page.script_hashes))
    assert policy["style-src"] == " ".join(("'self'", *page.style_hashes))
    assert "unsafe" not in page.content_security_policy
