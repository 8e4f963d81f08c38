"""How the addresses of clients, and origins, are compared."""

from __future__ import annotations

import pytest

from padws.auth.client_networks import UNKNOWN, network_of
from padws.origins import origin_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.1", "203.0.113.1"),
        (" 203.0.113.1 ", "203.0.113.1"),
        ("203.0.113.1:4711", "203.0.113.1"),
        ('"203.0.113.1:4711"', "203.0.113.1"),
        ("203.0.113.1:", "203.0.113.1"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
        ("[::FFFF:203.0.113.1]:4711", "203.0.113.1"),
        ("2001:DB8:0:0:1::", "2001:db8::/64"),
        ("2001:db8::", "2001:db8::/64"),
        ("[2001:db8::9]", "2001:db8::/64"),
        ("[2001:db8::9]:4711", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%25eth0]:4711", "fe80::/64"),
    ],
)
def test_an_address_is_counted_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "unknown",
        "_hidden",
        "_x:80",
        "203.0.113",
        "203.0.113.1:x",
        "203.0.113.1.1",
        "[",
        "]:",
        "[]:80",
        "[::1",
        "::1]",
        "pad.example.com",
        "010.0.0.1",
        "1:2:3:4:5:6:7:8:9",
        "\0",
        "1" * 9999,
    ],
    ids=lambda address: address[:20],
)
def test_what_is_no_address_is_unknown(address: str) -> None:
    assert network_of(address) == UNKNOWN


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://pad.example.org", "https://pad.example.org"),
        ("HTTPS://Pad.Example.ORG/app/?x#y", "https://pad.example.org"),
        ("https://pad.example.org:443", "https://pad.example.org"),
        ("http://pad.example.org:080/", "http://pad.example.org"),
        ("https://pad.example.org:", "https://pad.example.org"),
        ("http://pad.example.org:443", "http://pad.example.org:443"),
        ("https://pad.example.org:80", "https://pad.example.org:80"),
        ("https://pad.example.org.", "https://pad.example.org"),
        ("https://pad.example.org.:8443", "https://pad.example.org:8443"),
        ("https://B\u00fccher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://fa\u00df.example", "https://xn--fa-hia.example"),
        ("http://[0:0:0:0:0:0:0:1]:8000", "http://[::1]:8000"),
        ("http://[2001:DB8::1]:80", "http://[2001:db8::1]"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("app://localhost", "app://localhost"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "*", "localhost", "//localhost", "https://", "https://:443", "file:///x"),
        *("data:x", "https://a@b.example", "https://b.example:x", "https://b.example:99999"),
        *("http://[::1", "http://[::1]x", "http://x[::1]", "http://[x]", "https://\u3002"),
    ],
)
def test_what_has_no_origin_has_none(text: str) -> None:
    assert origin_of(text) is None
