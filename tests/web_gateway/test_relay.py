"""The relay by itself: its one thread serves all sessions, so no exception may end it."""

import pytest

from web_gateway.relay import Relay


def test_an_exception_in_a_task_is_raised_in_the_caller_and_ends_nothing() -> None:
    relay = Relay()
    relay.start()
    done = []
    with pytest.raises(OSError, match="no memory"):
        relay._call(_fail)
    relay._call(lambda: done.append("and on"))
    assert done == ["and on"]
    relay.stop()


def _fail() -> None:
    raise OSError("no memory")
