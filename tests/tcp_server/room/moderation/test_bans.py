"""Sanction lists and network bans: lookup, expiry, and reads from other threads."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.ip import IpAddress, Network, is_in, parse_ip, parse_network
from tcp_server.room.moderation.bans import Bans, Sanction, SanctionList, is_too_wide
from tcp_server.room.moderation.sanctions import Sanctions

NOW = 1000.0


def network(text: str) -> Network:
    found = parse_network(text)
    assert found is not None
    return found


def sanction(target: str, until: float | None = None, **fields: object) -> Sanction:
    return Sanction(target, "2026-11-22T05:43:03.120Z", until, "Анна", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "Боб", "1", "1.2.3", "1.2.3.256", "10.0.0.0/33", "/8", "::/x", "a/b/c"])
def test_an_invalid_address_is_not_banned(text: str) -> None:
    assert Bans().find(text, NOW) is None


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
    bans.put(network("198.51.100.0/24"), sanction("198.51.100.0/24"), NOW)
    bans.put(network(banned), sanction(banned), NOW)
    assert (bans.find(host, NOW) is not None) is is_in(parse_ip(host), [network(banned)]) is is_banned
    bans.lift(network(banned), NOW)
    assert bans.find(host, NOW) is None


@given(st.ip_addresses(v=4), st.integers(8, 32), st.ip_addresses(v=4))
def test_the_lookup_by_prefix_length_agrees_with_a_linear_search(
    address: IpAddress, bits: int, host: IpAddress
) -> None:
    banned = network(f"{address}/{bits}")
    bans = Bans()
    bans.put(banned, sanction(str(banned)), NOW)
    assert (bans.find(str(host), NOW) is not None) is is_in(host, [banned])
    assert bans.find(str(address), NOW) is not None


def test_a_ban_expires() -> None:
    bans = Bans()
    bans.put(network("203.0.113.7"), sanction("203.0.113.7", until=1060.0), NOW)
    bans.people.put(sanction("Боб", until=1060.0, keys=("боб",)), NOW)
    assert bans.find("203.0.113.7", 1059.9) is not None
    assert bans.people.find(("боб",), None, 1059.9) is not None
    assert bans.find("203.0.113.7", 1060.0) is None
    assert bans.people.find(("боб",), None, 1060.0) is None
    assert bans.lift(network("203.0.113.7"), 1060.0) is None
    assert [ban.target for ban in bans if not ban.is_over(1060.0)] == []


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
    trusted = [network("192.0.2.5"), network("2001:db8::/64")]
    assert is_too_wide(network(text), trusted) is too_many


def test_a_person_is_found_by_each_key_and_by_session() -> None:
    people = SanctionList()
    people.put(sanction("Боб", keys=("боб", "b0b"), session=b"1"), NOW)
    for found in (
        people.find(("b0b",), None, NOW),
        people.find(("x", "боб"), b"2", NOW),
        people.find((), b"1", NOW),
        people.find(("x",), b"1", NOW),
    ):
        assert found is not None
        assert found.target == "Боб"
    assert people.find(("x",), b"2", NOW) is None
    assert people.find((), None, NOW) is None
    assert len(list(people)) == 1
    people.lift(("b0b",), NOW)
    assert people.find(("боб",), b"1", NOW) is None


def test_two_sanctions_of_one_session_are_lifted_separately() -> None:
    people = SanctionList()
    people.put(sanction("Боб", keys=("боб",), session=b"1"), NOW)
    people.put(sanction("Карл", keys=("карл",), session=b"1"), NOW)
    people.lift(("боб",), NOW)
    found = people.find((), b"1", NOW)
    assert found is not None
    assert found.target == "Карл"


def test_find_may_be_called_while_another_thread_changes_bans() -> None:
    bans = Bans()
    bans.put(network("203.0.113.7"), sanction("203.0.113.7"), NOW)
    wrong: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            if bans.find("203.0.113.7", NOW) is None or bans.find("192.0.2.1", NOW):
                wrong.append("seen while changing")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(400):
        other = network(f"198.51.{number % 100}.0/{16 + number % 9}")
        bans.put(other, sanction(str(other)), NOW)
        bans.lift(other, NOW)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_expired_sanctions_are_purged() -> None:
    sanctions = SanctionList()
    for number in range(1000):
        sanctions.put(sanction(f"n{number}", number + 10, keys=(f"n{number}",)), number)
    in_force = [one.target for one in sanctions if not one.is_over(999)]
    assert in_force == [f"n{number}" for number in range(990, 1000)]
    assert len(list(sanctions)) < 200


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "lift"]),
            st.sampled_from(["a", "b", "c", "10.0.0.1", "10.0.0.2"]),
            st.sampled_from([None, 1, 3, 50]),
            st.sampled_from([None, b"1", b"2"]),
            st.integers(0, 2),
        )
    )
)
def test_a_restart_changes_nothing_not_even_the_order(
    steps: list[tuple[str, str, int | None, bytes | None, int]],
) -> None:
    """Otherwise the state of a server that was restarted would differ from that of another one."""
    now = 0.0
    running, restarted = Sanctions(b""), Sanctions(b"")
    for action, target, seconds, session, passed in steps:
        now += passed
        for sanctions in (running, restarted):
            until = None if seconds is None else now + seconds
            address = parse_network(target)
            bans = sanctions.bans.people
            if address and action == "put":
                sanctions.bans.put(address, sanction(target, until), now)
            elif address:
                sanctions.bans.lift(address, now)
            elif action == "put":
                bans.put(sanction(target, until, keys=(target,), session=session), now)
            else:
                bans.lift((target,), now)
            sanctions.note_change("", now)
        stored = restarted.encode()
        assert running.encode() == stored
        restarted = Sanctions(stored)
