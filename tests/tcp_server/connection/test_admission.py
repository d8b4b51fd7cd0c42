"""Who may come in, decided without a socket."""

import pytest

from chat_protocol.ip import parse_network
from tcp_server.config import Config
from tcp_server.connection.admission import Admission
from tests.tcp_server.connection.test_rate_limits import Clock

ELSEWHERE = "203.0.113.7"


def test_full_in_total_and_then_not_any_more() -> None:
    admission = Admission(Config(max_connections=2))
    assert [admission.enter(host) for host in ("127.0.0.1", ELSEWHERE, "198.51.100.1")] == [
        None,
        None,
        "full",
    ]
    admission.leave(ELSEWHERE)
    assert admission.enter("198.51.100.1") is None


def test_full_from_one_address() -> None:
    admission = Admission(Config(max_per_address=2))
    assert [admission.enter(f"2001:db8::{number}") for number in range(3)] == [None, None, "full"]
    assert admission.enter("2001:db8:0:1::") is None
    admission.leave("2001:db8::1")
    assert admission.enter("2001:db8::9") is None


def test_refused_ones_do_not_count() -> None:
    admission = Admission(Config(max_per_address=1, max_connections=3))
    assert admission.enter(ELSEWHERE) is None
    assert [admission.enter(ELSEWHERE) for _ in range(10)] == ["full"] * 10
    assert [admission.enter("::1") for _ in range(3)] == [None, None, "full"]
    for host in (ELSEWHERE, "::1", "::1"):
        admission.leave(host)
    assert admission.enter(ELSEWHERE) is None


def test_so_many_a_minute_from_one_address() -> None:
    clock = Clock()
    admission = Admission(Config(joins=6), clock=clock)

    def come(host: str = ELSEWHERE) -> str | None:
        refusal = admission.enter(host)
        if refusal is None:
            admission.leave(host)
        return refusal

    assert [come() for _ in range(7)] == [None] * 6 + ["full"]
    assert come("198.51.100.1") is None
    clock.now += 10
    assert [come(), come()] == [None, "full"]
    clock.now += 60
    assert [come() for _ in range(7)] == [None] * 6 + ["full"]


def test_zero_is_any_number() -> None:
    admission = Admission(Config(max_connections=0, max_per_address=0, joins=0))
    assert {admission.enter(ELSEWHERE) for _ in range(1000)} == {None}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "2001:db8::5"])
def test_loopback_and_proxies_are_exempt(host: str) -> None:
    proxies = (parse_network("10.0.0.0/8"), parse_network("2001:db8::5"))
    config = Config(max_per_address=1, joins=1, trusted_proxy=proxies)
    admission = Admission(config, banned=lambda _: True)
    assert {admission.enter(host) for _ in range(100)} == {None}
    assert admission.trusts(host) == (host in ("10.1.2.3", "2001:db8::5"))


def test_whoever_is_banned_is_kept_out() -> None:
    admission = Admission(
        Config(trusted_proxy=(parse_network("10.0.0.1"),)), banned=lambda host: host == ELSEWHERE
    )
    assert admission.enter(ELSEWHERE) == "banned"
    assert admission.enter("198.51.100.1") is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied(ELSEWHERE) == "banned"


def test_whoever_comes_through_a_proxy_is_counted_with_the_own_address() -> None:
    admission = Admission(
        Config(max_per_address=2, max_connections=3, trusted_proxy=(parse_network("10.0.0.1"),))
    )
    for _ in range(2):
        assert admission.enter("10.0.0.1") is None
        assert admission.enter_proxied(ELSEWHERE) is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied(ELSEWHERE) == "full"
    assert admission.enter(ELSEWHERE) == "full"
    admission.leave("10.0.0.1")  # the one that was not let in
    admission.leave(ELSEWHERE)
    assert admission.enter(ELSEWHERE) is None
    assert admission.enter("10.0.0.1") is None
    assert admission.enter_proxied("127.0.0.1") is None
    assert admission.enter("10.0.0.1") == "full"


def test_guesses_at_passwords() -> None:
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
def test_guesses_at_one_password_are_not_guesses_at_the_other(host: str) -> None:
    admission = Admission(Config(), clock=Clock())
    while not admission.take_attempt(host, "room"):
        pass
    assert admission.take_attempt(host, "moderators") == 0
    assert admission.is_exempt(host) == (host != ELSEWHERE)
