import re

import pytest

from chat_protocol.address import Address
from tcp_server.redis_url import hide, parse


def test_the_parts_of_a_url() -> None:
    assert parse("") is None
    url = parse("redis://user:p%40ss@redis.local:6380/2?room=team&wait=1")
    assert url is not None
    assert url.hosts == (Address("redis.local", 6380),)
    assert (url.username, url.password, url.db, url.room, url.wait) == ("user", "p@ss", 2, "team", 1)
    assert not url.is_tls
    assert str(url) == "redis://user:***@redis.local:6380/2?room=team&wait=1"


def test_what_is_left_out() -> None:
    url = parse("redis://[::1]")
    assert url is not None
    assert (url.hosts, url.db, url.room, url.wait) == ((Address("::1", 6379),), 0, "main", 0)
    assert not url.has_password


def test_tls() -> None:
    url = parse("rediss://a?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false")
    assert url is not None
    assert url.is_tls
    assert url.tls_options == {"ssl_ca_certs": "/etc/ca.pem", "ssl_check_hostname": False}


def test_a_socket_and_sentinels() -> None:
    url = parse("unix://:secret@/run/redis.sock?db=1")
    assert url is not None
    assert (url.hosts, url.path, url.db, url.password) == ((), "/run/redis.sock", 1, "secret")
    url = parse("redis+sentinel://a,b:1,[::1]:2/main?sentinel_password=x&room=r")
    assert url is not None
    assert url.hosts == (Address("a", 26379), Address("b", 1), Address("::1", 2))
    assert url.service == "main"
    assert str(url) == "redis+sentinel://a,b:1,[::1]:2/main?sentinel_password=***&room=r"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("redis:6379", ""),
        ("localhost", ""),
        ("redis://a#b", ""),
        ("redis://a,b", "one host, or redis+sentinel:// with those of the sentinels"),
        ("redis+sentinel://a,b", "like redis+sentinel://HOST,HOST,HOST/SERVICE"),
        ("unix:///redis.sock?room=", "a room's name has letters from A to Z, digits, and . _ -, at most 64"),
        ("unix://a/run", "like unix:///run/redis/redis.sock"),
        ("redis://a?rooms=b", "there is no option rooms"),
        ("redis://a?ssl_ca_certs=b", "there is no option ssl_ca_certs: that is for rediss://"),
        ("redis://a?room=b&room=c", "an option is given twice"),
        ("redis://a?room=b{c}", "a room's name has letters from A to Z, digits, and . _ -, at most 64"),
        ("redis://a/main", "db is a number"),
        ("redis://a?wait=-1", "wait is a number"),
        ("rediss://a?ssl_cert_reqs=no", "ssl_cert_reqs is required or none"),
        ("redis://a:99999", "not a port: '99999'"),
        ("redis://a:b/c@d", "in a password, / is written %2F, ? is %3F, # is %23, @ is %40"),
        ("redis://a:b#c@d", "in a password, / is written %2F, ? is %3F, # is %23, @ is %40"),
        (
            "redis://a?password=b",
            "there is no option password: it stands before the host, like redis://USER:PASSWORD@HOST",
        ),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        parse(text)


def test_what_may_be_shown() -> None:
    assert hide("redis://u:a/b?c@d@host/1") == "redis://u:***@host/1"
    assert hide("redis://host:6379/0?room=a") == "redis://host:6379/0?room=a"
    assert hide("redis://host?Password=a&wait=1&sentinel_pasword=b") == (
        "redis://host?Password=***&wait=1&sentinel_pasword=***"
    )
    assert hide("nonsense") == "nonsense"
