"""The waits between attempts to connect."""

from chat_client.backoff import FIRST_WAIT, MAX_WAIT, MAX_WAIT_REFUSED, Backoff


def test_waits_double_up_to_the_limit_and_begin_anew() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(30)]
    ceilings = [0.5, 1, 2, 4, 8, *[15] * 25]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert (ceilings[0], ceilings[-1]) == (FIRST_WAIT, MAX_WAIT)
    assert len(set(waits)) == len(waits)
    backoff.reset()
    assert backoff.next() <= FIRST_WAIT


def test_after_fifteen_refusals_in_a_row_the_waits_are_long_again() -> None:
    backoff = Backoff()
    waits = [backoff.next(refused=True) for _ in range(20)]
    assert max(waits[:15]) <= MAX_WAIT_REFUSED < min(waits[15:])
    backoff.reset()
    assert backoff.next(refused=True) <= FIRST_WAIT


def test_the_spread_of_the_room_is_even_and_at_most_a_minute() -> None:
    backoff = Backoff()
    waits = [backoff.within(10) for _ in range(1000)]
    assert min(waits) < 1
    assert max(waits) > 9
    assert max(backoff.within(1e9) for _ in range(100)) <= 60
    assert backoff.within(-1) == 0
