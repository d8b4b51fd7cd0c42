"""IP addresses and networks in all their notations."""

import pytest

from chat_protocol.ip import format_network, parse_ip, parse_network, rate_limit_key, to_network


@pytest.mark.parametrize(
    ("host", "plain", "counted"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::ffff:127.0.0.1", "127.0.0.1", None),
        ("::1", "::1", None),
        ("198.51.100.9", "198.51.100.9", None),
        ("2001:DB8:0:1::7", "2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
    ],
)
def test_addresses_and_their_rate_limit_keys(host: str, plain: str, counted: str | None) -> None:
    assert str(parse_ip(host)) == plain
    assert rate_limit_key(host, [to_network("198.51.100.0/24")]) == counted


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%eth0/64", "fe80::/64"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_addresses_and_networks(text: str, plain: str) -> None:
    network = parse_network(text)
    assert network is not None
    assert format_network(network) == plain


@pytest.mark.parametrize("text", ["", "Боб", "1", "1.2.3", "1.2.3.256", "10.0.0.0/33", "/8", "::/x", "a/b/c"])
def test_invalid_addresses_and_networks(text: str) -> None:
    assert parse_network(text) is None
    assert rate_limit_key(text, []) is None


def test_bits_after_the_prefix_are_refused_if_strict() -> None:
    with pytest.raises(ValueError, match="host bits set"):
        to_network("203.0.113.7/24")
