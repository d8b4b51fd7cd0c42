import pytest

from tcp_server.cluster.patience import Patience


def waits(*read: tuple[float, float, bool]) -> list[float]:
    """Return how long each entry may wait: read at so many seconds, said at so many, and `is_current`."""
    now = 0.0
    patience = Patience(lambda: 500 + now)  # another clock
    found = []
    for now, said, is_current in read:
        found.append(patience.deadline(int(1000 * said), is_current=is_current) - 500 - now)
    return found


def test_who_comes_nearer_to_the_others_may_wait_as_long_as_at_first() -> None:
    assert waits((10, 2, True), (11, 4, False), (12, 7, False)) == [3, 3, 3]


def test_who_falls_behind_again_may_wait_for_less_and_less() -> None:
    found = waits((10, 2, True), (11, 4, False), (13, 5, False), (14, 5.2, False), (20, 9, False))
    assert found == pytest.approx([3, 3, 2, 1.2, -1])


def test_who_has_all_may_wait_again() -> None:
    assert waits((10, 10, True), (20, 15, False), (21, 20.5, True)) == pytest.approx([3, -2, 3])
