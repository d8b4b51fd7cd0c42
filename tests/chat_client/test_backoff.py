"""The waits between attempts to connect."""

from chat_client.backoff import FIRST_WAIT, MAX_WAIT, Backoff


def test_waits_double_up_to_the_limit_and_begin_anew() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(30)]
    ceilings = [0.5, 1, 2, 4, 8, *[15] * 25]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert (ceilings[0], ceilings[-1]) == (FIRST_WAIT, MAX_WAIT)
    assert len(set(waits)) == len(waits)
    backoff.reset()
    assert backoff.next() <= FIRST_WAIT
