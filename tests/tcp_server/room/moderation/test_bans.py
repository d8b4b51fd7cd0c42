"""Sanction lists and network bans: lookup, expiry, and reads from other threads."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.ip import IpAddress, Network, is_in, parse_ip, parse_network
from tcp_server.room.moderation.bans import Bans, Sanction, SanctionList


def network(text: str) -> Network:
    found = parse_network(text)
    assert found is not None
    return found


def sanction(target: str, until: float | None = None, **fields: object) -> Sanction:
    return Sanction(target, "2026-11-22T05:43:03.120Z", until, "Анна", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "Боб", "1", "1.2.3", "1.2.3.256", "10.0.0.0/33", "/8", "::/x", "a/b/c"])
def test_an_invalid_address_is_not_banned(text: str) -> None:
    assert not Bans().is_banned(text)


@pytest.mark.parametrize(
    ("banned", "host", "is_banned"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.113.255", True),
        ("203.0.113.0/24", "203.0.114.0", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8::/32", "32.1.13.184", False),
        ("fe80::/64", "fe80::1%eth0", True),
        ("203.0.113.7", "", False),
    ],
)
def test_which_addresses_a_ban_covers(banned: str, host: str, is_banned: bool) -> None:
    bans = Bans()
    bans.put(network("198.51.100.0/24"), sanction("198.51.100.0/24"))
    bans.put(network(banned), sanction(banned))
    assert bans.is_banned(host) is is_in(parse_ip(host), [network(banned)]) is is_banned
    assert (bans.find(host) is not None) is is_banned
    bans.lift(network(banned))
    assert not bans.is_banned(host)


@given(st.ip_addresses(v=4), st.integers(8, 32), st.ip_addresses(v=4))
def test_the_lookup_by_prefix_length_agrees_with_a_linear_search(
    address: IpAddress, bits: int, host: IpAddress
) -> None:
    banned = network(f"{address}/{bits}")
    bans = Bans()
    bans.put(banned, sanction(str(banned)))
    assert bans.is_banned(str(host)) is is_in(host, [banned])
    assert bans.is_banned(str(address))


def test_a_ban_expires_by_the_wall_clock() -> None:
    now = 1000.0
    bans = Bans(now=lambda: now)
    bans.put(network("203.0.113.7"), sanction("203.0.113.7", until=1060.0))
    bans.people.put(sanction("Боб", until=1060.0, keys=("боб",)))
    assert bans.is_banned("203.0.113.7")
    assert len(list(bans)) == 2
    now = 1060.0
    assert not bans.is_banned("203.0.113.7")
    assert bans.people.find(("боб",), None) is None
    assert bans.lift(network("203.0.113.7")) is None
    assert list(bans) == []


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        ("10.0.0.0/8", False),
        ("10.0.0.0/7", True),
        ("2002::/16", False),
        ("2000::/15", True),
        ("127.0.0.1", True),
        ("126.0.0.0/8", False),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::/80", True),
        ("::ffc0:0:0/90", True),
        ("192.0.2.0/24", True),
        ("192.0.2.5", True),
        ("192.0.2.6", False),
        ("2001:db8::/32", True),
        ("2001:db8:1::/48", False),
        ("::ffff:192.0.2.5", True),
    ],
)
def test_which_networks_must_not_be_banned(text: str, too_many: bool) -> None:
    bans = Bans([network("192.0.2.5"), network("2001:db8::/64")])
    assert bans.is_too_wide(network(text)) is too_many


def test_a_person_is_found_by_each_key_and_by_session() -> None:
    people = SanctionList()
    people.put(sanction("Боб", keys=("боб", "b0b"), session=b"1"))
    for found in (
        people.find(("b0b",), None),
        people.find(("x", "боб"), b"2"),
        people.find((), b"1"),
        people.find(("x",), b"1"),
    ):
        assert found is not None
        assert found.target == "Боб"
    assert people.find(("x",), b"2") is None
    assert people.find((), None) is None
    assert len(list(people)) == 1
    people.lift(("b0b",))
    assert people.find(("боб",), b"1") is None


def test_two_sanctions_of_one_session_are_lifted_separately() -> None:
    people = SanctionList()
    people.put(sanction("Боб", keys=("боб",), session=b"1"))
    people.put(sanction("Карл", keys=("карл",), session=b"1"))
    people.lift(("боб",))
    found = people.find((), b"1")
    assert found is not None
    assert found.target == "Карл"


def test_is_banned_may_be_called_while_another_thread_changes_bans() -> None:
    bans = Bans()
    bans.put(network("203.0.113.7"), sanction("203.0.113.7"))
    wrong: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            if not bans.is_banned("203.0.113.7") or bans.is_banned("192.0.2.1"):
                wrong.append("seen while changing")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(400):
        other = network(f"198.51.{number % 100}.0/{16 + number % 9}")
        bans.put(other, sanction(str(other)))
        bans.lift(other)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_expired_sanctions_are_purged() -> None:
    now = 0.0
    sanctions = SanctionList(lambda: now)
    for number in range(1000):
        now = number
        sanctions.put(sanction(f"n{number}", now + 10, keys=(f"n{number}",)))
    assert [one.target for one in sanctions] == [f"n{number}" for number in range(990, 1000)]
    assert len(sanctions._sanctions) < 200
