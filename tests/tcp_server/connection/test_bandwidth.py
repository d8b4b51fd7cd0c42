"""Limits in bytes by address and for the room, with a clock of their own."""

from collections.abc import Iterator
from heapq import heappop, heappush

import pytest

from chat_protocol.ip import to_network
from tcp_server.connection.bandwidth import _ADDRESS_RATE, _MAX_SHORT, _ROOM_RATE, Bandwidths
from tests.chat_protocol.test_rate_limit import Clock

TEXT = 8 * 1024
"""Bytes of a long text."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bandwidths(clock: Clock) -> Bandwidths:
    return Bandwidths([to_network("10.0.0.0/8")], clock)


def test_an_address_has_a_burst_and_then_its_rate(bandwidths: Bandwidths, clock: Clock) -> None:
    members = [bandwidths.of(host) for host in ("203.0.113.7", "203.0.113.7", "::ffff:203.0.113.7")]
    burst = _ADDRESS_RATE.burst // TEXT
    waits = [members[number % 3].lane(TEXT).reserve(TEXT) for number in range(burst + 10)]
    assert waits[:burst] == [0.0] * burst
    each = TEXT / _ADDRESS_RATE.per_second
    assert waits[burst:] == pytest.approx([each * number for number in range(1, 11)])
    assert bandwidths.of("203.0.113.8").lane(TEXT).reserve(TEXT) == 0
    clock.now += waits[-1]
    assert members[0].lane(TEXT).reserve(TEXT) == pytest.approx(each)


def test_a_network_of_ipv6_is_one_address(bandwidths: Bandwidths) -> None:
    assert bandwidths.of("2001:db8::1").lane(2 * _ADDRESS_RATE.burst).reserve(2 * _ADDRESS_RATE.burst) > 0
    assert bandwidths.of("2001:db8::2").lane(TEXT).reserve(TEXT) > 0
    assert bandwidths.of("2001:db8:0:1::2").lane(TEXT).reserve(TEXT) == 0


def test_short_work_does_not_wait_for_long_work(bandwidths: Bandwidths) -> None:
    flooder = bandwidths.of("203.0.113.7")
    while not flooder.lane(TEXT).reserve(TEXT) or not flooder.lane(TEXT).reserve_for_room(TEXT)[0]:
        pass
    neighbour = bandwidths.of("203.0.113.7")
    assert neighbour.lane(_MAX_SHORT).reserve(_MAX_SHORT) == 0
    assert neighbour.lane(_MAX_SHORT).reserve_for_room(_MAX_SHORT) == (0, True)
    assert neighbour.lane(_MAX_SHORT + 1).reserve(_MAX_SHORT + 1) > 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.2.3"])
def test_exempt_addresses_share_only_the_limit_of_the_room(bandwidths: Bandwidths, host: str) -> None:
    exempt = bandwidths.of(host)
    number = _ROOM_RATE.burst // TEXT
    assert {exempt.lane(TEXT).reserve(TEXT) for _ in range(10 * number)} == {0.0}
    assert {exempt.lane(TEXT).reserve_for_room(TEXT) for _ in range(number)} == {(0, True)}
    assert bandwidths.of(host).lane(TEXT).reserve_for_room(TEXT)[0] == pytest.approx(
        TEXT / _ROOM_RATE.per_second
    )


def test_what_a_lost_connection_did_not_send_is_not_charged(bandwidths: Bandwidths) -> None:
    member = bandwidths.of("203.0.113.7")
    for _ in range(1000):
        member.lane(TEXT).reserve(TEXT)
        member.lane(TEXT).refund(TEXT)
    assert member.lane(TEXT).reserve(TEXT) == 0


def flood(bandwidths: Bandwidths, clock: Clock, addresses: int, seconds: float) -> Iterator[int]:
    """Let 16 members of each address send long texts all the time; yield the size of each that is sent."""
    members = [bandwidths.of(f"203.0.113.{number % addresses}") for number in range(16 * addresses)]
    due = [(clock.now, number, "read") for number in range(len(members))]
    end = clock.now + seconds
    while due[0][0] < end:
        clock.now, number, step = heappop(due)
        if step == "read":
            heappush(due, (clock.now + members[number].lane(TEXT).reserve(TEXT), number, "wait"))
        elif step == "wait":
            wait, reserved = members[number].lane(TEXT).reserve_for_room(TEXT)
            heappush(due, (clock.now + wait, number, "send" if reserved else "wait"))
        else:
            heappush(due, (clock.now, number, "read"))
            yield TEXT


@pytest.mark.parametrize("addresses", [1, 3, 10, 30])
def test_a_flood_stays_within_the_limits_and_others_wait_shortly(
    bandwidths: Bandwidths, clock: Clock, addresses: int
) -> None:
    honest = bandwidths.of("198.51.100.1")
    began = clock.now
    sent = 0
    waits: list[float] = []
    for size in flood(bandwidths, clock, addresses, 60):
        sent += size
        if not waits or clock.now - began > len(waits):
            assert honest.lane(3000).reserve(3000) == 0
            waits.append(honest.lane(3000).reserve_for_room(3000)[0])
    by_address, by_room = (60 * rate.per_second + rate.burst for rate in (_ADDRESS_RATE, _ROOM_RATE))
    assert sent <= min(addresses * by_address, by_room)
    assert max(waits) <= (addresses + 1) * TEXT / _ROOM_RATE.per_second
