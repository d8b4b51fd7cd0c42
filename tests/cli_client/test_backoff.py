"""The delays between tries."""

from cli_client.backoff import FIRST, LONGEST, Backoff


def test_delays_grow_to_a_limit_and_begin_anew() -> None:
    backoff = Backoff()
    delays = [backoff.next() for _ in range(30)]
    assert FIRST / 2 <= delays[0] <= FIRST
    assert all(LONGEST / 2 <= delay <= LONGEST for delay in delays[-10:])
    assert len(set(delays)) == len(delays)
    backoff.reset()
    assert backoff.next() <= FIRST
