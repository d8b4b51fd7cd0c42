from tcp_server.cluster.namesake import Namesake


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def looks(*seen: tuple[float, int]) -> list[bool | None]:
    """Return what is found at so many seconds, where an entry with this position is the newest."""
    clock = Clock()
    namesake = Namesake(clock)
    found = []
    for seconds, newest in seen:
        clock.now = 100 + seconds
        found.append(namesake.is_alive(newest))
    return found


def test_where_there_is_none_nothing_is_waited_for() -> None:
    assert looks((0, 0)) == [False]


def test_one_that_adds_entries_is_alive() -> None:
    assert looks((0, 7), (0.5, 7), (1, 8)) == [None, None, True]


def test_one_that_is_silent_is_dead() -> None:
    assert looks((0, 7), (0.9, 7), (1.8, 7), (2.5, 7), (3.0, 7)) == [None, None, None, False, False]


def test_one_that_has_been_declared_down_is_not_waited_for() -> None:
    assert looks((0, 7), (0.5, 0)) == [None, False]


def test_while_redis_was_not_heard_nobody_was_silent() -> None:
    assert looks((0, 7), (2.6, 7), (3.4, 7), (4.2, 7), (5.1, 7)) == [None, None, None, None, False]
    assert looks((0, 7), (2.6, 8), (3.4, 8), (4.2, 9)) == [None, None, None, True]
