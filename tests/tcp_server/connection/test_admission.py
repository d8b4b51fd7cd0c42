"""Admission limits, without sockets."""

import pytest

from chat_protocol.ip import to_network
from tcp_server.config import Config
from tcp_server.connection.admission import Admission
from tests.chat_protocol.test_rate_limit import Clock

ELSEWHERE = "203.0.113.7"


def test_the_total_limit() -> None:
    admission = Admission(Config(max_connections=2))
    assert [admission.enter(host) for host in ("127.0.0.1", ELSEWHERE, "198.51.100.1")] == [
        None,
        None,
        "full",
    ]
    admission.leave(ELSEWHERE)
    assert admission.enter("198.51.100.1") is None


def test_the_limit_per_address() -> None:
    admission = Admission(Config(max_per_address=2))
    assert [admission.enter(f"2001:db8::{number}") for number in range(3)] == [None, None, "full"]
    assert admission.enter("2001:db8:0:1::") is None
    admission.leave("2001:db8::1")
    assert admission.enter("2001:db8::9") is None


def test_refused_connections_do_not_count() -> None:
    admission = Admission(Config(max_per_address=1, max_connections=3))
    assert admission.enter(ELSEWHERE) is None
    assert [admission.enter(ELSEWHERE) for _ in range(10)] == ["full"] * 10
    assert [admission.enter("::1") for _ in range(3)] == [None, None, "full"]
    for host in (ELSEWHERE, "::1", "::1"):
        admission.leave(host)
    assert admission.enter(ELSEWHERE) is None


def test_the_limit_per_minute_and_address() -> None:
    clock = Clock()
    admission = Admission(Config(joins=6), clock=clock)

    def enter_and_leave(host: str = ELSEWHERE) -> str | None:
        refusal = admission.enter(host)
        if refusal is None:
            admission.leave(host)
        return refusal

    assert [enter_and_leave() for _ in range(7)] == [None] * 6 + ["full"]
    assert enter_and_leave("198.51.100.1") is None
    clock.now += 10
    assert [enter_and_leave(), enter_and_leave()] == [None, "full"]
    clock.now += 60
    assert [enter_and_leave() for _ in range(7)] == [None] * 6 + ["full"]


def test_zero_means_no_limit() -> None:
    admission = Admission(Config(max_connections=0, max_per_address=0, joins=0))
    assert {admission.enter(ELSEWHERE) for _ in range(1000)} == {None}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "2001:db8::5"])
def test_loopback_and_proxies_are_exempt(host: str) -> None:
    proxies = (to_network("10.0.0.0/8"), to_network("2001:db8::5"))
    config = Config(max_per_address=1, joins=1, trusted_proxies=proxies)
    admission = Admission(config, banned=lambda _: True)
    assert {admission.enter(host) for _ in range(100)} == {None}
    assert admission.trusts(host) == (host in ("10.1.2.3", "2001:db8::5"))


def test_banned_addresses_are_refused() -> None:
    admission = Admission(
        Config(trusted_proxies=(to_network("10.0.0.1"),)), banned=lambda host: host == ELSEWHERE
    )
    assert admission.enter(ELSEWHERE) == "banned"
    assert admission.enter("198.51.100.1") is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied(ELSEWHERE) == "banned"


def test_proxied_clients_count_by_their_own_address() -> None:
    admission = Admission(
        Config(max_per_address=2, max_connections=3, trusted_proxies=(to_network("10.0.0.1"),))
    )
    for _ in range(2):
        assert admission.enter("10.0.0.1") is None
        assert admission.enter_proxied(ELSEWHERE) is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied(ELSEWHERE) == "full"
    assert admission.enter(ELSEWHERE) == "full"
    admission.leave("10.0.0.1")  # the one that was refused
    admission.leave(ELSEWHERE)
    assert admission.enter(ELSEWHERE) is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied("127.0.0.1") is None
    assert admission.enter("10.0.0.1") == "full"


def test_password_attempts_are_limited_per_address() -> None:
    clock = Clock()
    admission = Admission(Config(), clock=clock)
    for _ in range(20):
        assert admission.take_attempt(ELSEWHERE, "room") == 0
        admission.refund_attempt(ELSEWHERE, "room")
    assert [admission.take_attempt(ELSEWHERE, "room") for _ in range(5)] == [0] * 5
    assert admission.take_attempt(ELSEWHERE, "room") == pytest.approx(10)
    assert admission.take_attempt("198.51.100.1", "room") == 0
    together = [admission.take_attempt(host, "room") for host in ("127.0.0.1", "::1") * 30]
    assert together == [0] * 60
    assert admission.take_attempt("127.0.0.1", "room") == pytest.approx(0.2)
    clock.now += 10
    assert admission.take_attempt(ELSEWHERE, "room") == 0


@pytest.mark.parametrize("host", [ELSEWHERE, "127.0.0.1"])
def test_the_passwords_have_separate_limits(host: str) -> None:
    admission = Admission(Config(), clock=Clock())
    while not admission.take_attempt(host, "room"):
        pass
    assert admission.take_attempt(host, "moderators") == 0
    assert admission.is_exempt(host) == (host != ELSEWHERE)
