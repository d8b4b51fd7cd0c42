"""What servers of a cluster ask each other."""

import pytest

from tcp_server.cluster.neighbours import shown_status
from tcp_server.redis_url import parse


@pytest.mark.parametrize(
    ("status", "redis", "shown"),
    [
        ("", "redis://127.0.0.1", ""),
        ("127.0.0.1:9100", "redis://127.0.0.1", "127.0.0.1:9100"),
        ("room-a:9100", "redis://127.0.0.1", "room-a:9100"),
        ("0.0.0.0:9100", "redis://127.0.0.1", "127.0.0.1:9100"),
        ("[::]:9100", "redis://127.0.0.1", "127.0.0.1:9100"),
        ("0.0.0.0:9100", "unix:///run/redis.sock", "127.0.0.1:9100"),
        ("0.0.0.0:9100", "", "0.0.0.0:9100"),
    ],
)
def test_other_machines_are_told_an_address_of_this_one(status: str, redis: str, shown: str) -> None:
    assert shown_status(status, parse(redis)) == shown
