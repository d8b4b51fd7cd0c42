"""The relay by itself: one thread serves everybody, so nothing may end it."""

import pytest

from web_gateway.relay import Relay


def test_a_deed_that_fails_is_told_to_whoever_asked_and_ends_nothing() -> None:
    relay = Relay()
    relay.start()
    done = []
    with pytest.raises(OSError, match="no memory"):
        relay._have_done(_fail)
    relay._have_done(lambda: done.append("and on"))
    assert done == ["and on"]
    relay.stop()


def _fail() -> None:
    raise OSError("no memory")
