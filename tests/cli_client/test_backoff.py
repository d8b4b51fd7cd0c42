"""The delays between tries."""

from cli_client.backoff import FIRST, LONGEST, Backoff


def test_delays_grow_to_a_limit_and_begin_anew() -> None:
    backoff = Backoff()
    delays = [backoff.next() for _ in range(30)]
    assert FIRST / 2 <= delays[0] <= FIRST
    assert all(LONGEST / 2 <= delay <= LONGEST for delay in delays[-10:])
    assert len(set(delays)) == len(delays)
    assert backoff.next(lasted=LONGEST + 1) <= FIRST


def test_what_lasted_shorter_than_the_delay_does_not_count() -> None:
    backoff = Backoff()
    delays = [backoff.next(lasted=FIRST / 2) for _ in range(30)]
    assert delays[-1] >= LONGEST / 2
