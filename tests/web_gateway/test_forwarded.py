"""The browser's address: of the connection, or as a trusted proxy forwards it."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from chat_protocol.ip import rate_limit_key
from web_gateway.forwarded import Forwarded

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")))


def _environ(peer: str, **headers: str) -> dict[str, Any]:
    """Return what the application sees."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], _: "StartResponse") -> Iterable[bytes]:
        seen.update(environ)
        return []

    environ = {"REMOTE_ADDR": peer, "REMOTE_PORT": "4711", "wsgi.url_scheme": "http"}
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": "/"} | headers
    Forwarded(app, _TRUSTED)(environ, lambda *_: lambda _: None)
    return seen


def _seen(peer: str, **headers: str) -> tuple[str, str]:
    """Return the address and the scheme that the application sees."""
    seen = _environ(peer, **headers)
    assert seen["REMOTE_PORT"] == ("4711" if seen["REMOTE_ADDR"] == peer else "0")
    return seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("addresses", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("evil, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 192.0.2.1,10.1.1.1", "203.0.113.7"),
        (" 203.0.113.7\t", "203.0.113.7"),
        ("2001:DB9::1", "2001:db9::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db9::1, 2001:db8::1", "2001:db9::1"),
        ("10.1.1.1", "10.1.1.1"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
    ],
)
def test_the_address_is_the_last_one_that_is_no_trusted_proxy(addresses: str, client: str) -> None:
    assert _seen("10.0.0.1", HTTP_X_FORWARDED_FOR=addresses)[0] == client


@pytest.mark.parametrize(
    "addresses",
    [
        "",
        "evil",
        "203.0.113.7, evil",
        "203.0.113.7, evil, 10.1.1.1",
        "203.0.113.7,",
        "203.0.113.7:80",
        "[2001:db9::1]",
        "203.0.113",
        "0203.0.113.7",
        "203.0.113.7%eth0",
        "203.0.113.0/24",
        '"203.0.113.7"',
        "unknown",
        "203.0.113.7 10.1.1.1",
        "203.0.113.7;10.1.1.1",
        "²03.0.113.7",
    ],
)
def test_an_invalid_address_is_ignored(addresses: str) -> None:
    assert _seen("10.0.0.1", HTTP_X_FORWARDED_FOR=addresses) == ("10.0.0.1", "http")


@pytest.mark.parametrize("peer", ["203.0.113.9", "127.0.0.1", "::1", "192.0.2.2", "11.0.0.1", ""])
def test_headers_of_other_peers_are_ignored(peer: str) -> None:
    seen = _seen(peer, HTTP_X_FORWARDED_FOR="203.0.113.7", HTTP_X_FORWARDED_PROTO="https")
    assert seen == (peer, "http")


@pytest.mark.parametrize(
    ("word", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("ftp", "http"),
        ("https\r\n", "https"),
        ("javascript", "http"),
        ("", "http"),
    ],
)
def test_the_scheme_is_http_or_https(word: str, scheme: str) -> None:
    assert _seen("10.0.0.1", HTTP_X_FORWARDED_PROTO=word)[1] == scheme


@pytest.mark.parametrize(
    ("peer", "prefix", "path", "seen"),
    [
        ("10.0.0.1", "/chat", "/chat/ws", ("/chat", "/ws")),
        ("10.0.0.1", "/chat/", "/chat/", ("/chat", "/")),
        ("10.0.0.1", "/our/chat", "/our/chat/static/a", ("/our/chat", "/static/a")),
        ("10.0.0.1", "/chat", "/ws", ("/chat", "/ws")),
        ("10.0.0.1", "/chat", "/chatter", ("/chat", "/chatter")),
        ("10.0.0.1", "/chat", "/chat", ("/chat", "/chat")),
        ("10.0.0.1", "", "/chat/ws", ("", "/chat/ws")),
        ("10.0.0.1", "chat", "/chat/ws", ("", "/chat/ws")),
        ("10.0.0.1", "//evil", "/ws", ("", "/ws")),
        ("10.0.0.1", "/../chat", "/ws", ("", "/ws")),
        ("10.0.0.1", "/chat\r\n", "/ws", ("", "/ws")),
        ("10.0.0.2.", "/chat", "/chat/ws", ("", "/chat/ws")),
        ("127.0.0.1", "/chat", "/chat/ws", ("", "/chat/ws")),
    ],
)
def test_the_prefix_is_removed_from_the_path(
    peer: str, prefix: str, path: str, seen: tuple[str, str]
) -> None:
    environ = _environ(peer, PATH_INFO=path, HTTP_X_FORWARDED_PREFIX=prefix)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == seen


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "2001:db8::1%eth0", "192.0.2.1"])
def test_a_proxy_is_recognised_in_every_notation(peer: str) -> None:
    assert _seen(peer, HTTP_X_FORWARDED_FOR="203.0.113.7")[0] == "203.0.113.7"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db9::1", "2001:db9::/64"),
        ("2001:db9::ffff:1:1:1", "2001:db9::/64"),
        ("2001:db9:0:1::1", "2001:db9:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("127.1.2.3", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.0.0.1", None),
        ("", None),
    ],
)
def test_rate_limit_keys(address: str, counted: str | None) -> None:
    assert rate_limit_key(address, _TRUSTED) == counted
