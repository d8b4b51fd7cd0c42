"""The measurement of joins in a crowd, in small."""

from benchmarks.crowd import _seat, _table


def test_the_welcome_of_a_crowd_is_no_longer_than_that_of_a_small_room() -> None:
    samples = list(_seat(600, 550))
    assert [one.members for one in samples] == [500, 600]
    assert samples[1].welcome < samples[0].welcome / 4
    assert all(one.seconds > 0 for one in samples)
    assert len(_table("x", samples).splitlines()) == 4 + len(samples)
