"""The URL of a cluster: which Redis, how to log in there, and which room."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct

from chat_protocol.address import Address, parse_address

_PORTS: Final = {"redis": 6379, "rediss": 6379, "unix": 0, "redis+sentinel": 26379, "rediss+sentinel": 26379}
"""The schemes, and the port where none is given. An `s` is for TLS."""

_TLS_OPTIONS: Final = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
)
_OPTIONS: Final = frozenset({"room", "wait", "db", "sentinel_username", "sentinel_password"})
_ROOM: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SECRETS: Final = re.compile(r"(//[^/?#@:]*:).+(?=@)|(\w*pas\w*=)[^&#]+", re.IGNORECASE)
"""The password, and options that look like one, however they are spelt."""

ALLOWED: Final = "a URL like redis://HOST:PORT?room=NAME"


class RedisUrl(Struct, frozen=True):
    """A URL, in its parts. As a text it has no password."""

    scheme: str
    hosts: tuple[Address, ...]
    """Those of Redis, exactly one, or of its sentinels; none for a socket of this machine."""
    path: str
    """The socket of this machine."""
    service: str
    """What the sentinels call Redis."""
    username: str
    password: str
    options: Mapping[str, str]
    shown: str

    def __str__(self) -> str:
        return self.shown

    @property
    def has_password(self) -> bool:
        """Whether whoever reads the URL can log in."""
        return bool(self.password or self.options.get("sentinel_password"))

    @property
    def is_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.scheme.startswith("rediss")

    @property
    def tls_options(self) -> dict[str, str | bool]:
        """Those of redis-py, which are called the same."""
        options: dict[str, str | bool] = {
            key: self.options[key] for key in sorted(_TLS_OPTIONS & self.options.keys())
        }
        if "ssl_check_hostname" in options:
            options["ssl_check_hostname"] = options["ssl_check_hostname"] == "true"
        return options

    @property
    def room(self) -> str:
        """The name of the room: several rooms may share a Redis."""
        return self.options.get("room", "main")

    @property
    def db(self) -> int:
        """The number of the database."""
        return int(self.options.get("db", 0))

    @property
    def wait(self) -> int:
        """How many replicas must have what is added before more is added."""
        return int(self.options.get("wait", 0))


def hide(url: str) -> str:
    """Return what may be shown of a URL, however wrong it is."""
    return _SECRETS.sub(r"\1\2***", url)


def parse(text: str) -> RedisUrl | None:
    """Return the parts of a URL, None for no text. Raises `ValueError` with a hint, or without a text."""
    if not text:
        return None
    url = urlsplit(text)
    if url.scheme not in _PORTS or "://" not in text or (url.fragment and "@" not in url.fragment):
        raise ValueError
    if "@" in url.path + url.query + url.fragment:
        raise ValueError("in a password, / is written %2F, ? is %3F, # is %23, @ is %40")
    login, _, hosts = url.netloc.rpartition("@")
    username, _, password = map(unquote, login.partition(":"))
    options = _options(url)
    is_sentinel, path = url.scheme.endswith("+sentinel"), unquote(url.path)
    if url.scheme == "unix":
        if hosts or not path:
            raise ValueError("like unix:///run/redis/redis.sock")
        return RedisUrl(url.scheme, (), path, "", username, password, options, hide(text))
    addresses = tuple(parse_address(one, _PORTS[url.scheme]) for one in hosts.split(","))
    path = path.strip("/")
    if is_sentinel and not path:
        raise ValueError("like redis+sentinel://HOST,HOST,HOST/SERVICE")
    if not is_sentinel:
        if len(addresses) > 1:
            raise ValueError("one host, or redis+sentinel:// with those of the sentinels")
        if path:
            options.setdefault("db", path)
            _check_number("db", options)
    return RedisUrl(
        url.scheme, addresses, "", path if is_sentinel else "", username, password, options, hide(text)
    )


def _options(url: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(url.query, keep_blank_values=True)
    options = dict(pairs)
    known = _OPTIONS | _TLS_OPTIONS if url.scheme.startswith("rediss") else _OPTIONS
    for key in options:
        if key not in known:
            hint = ": that is for rediss://" if key in _TLS_OPTIONS else ""
            if key == "password":
                hint = ": it stands before the host, like redis://USER:PASSWORD@HOST"
            raise ValueError(f"there is no option {key}{hint}")
    if len(options) < len(pairs):
        raise ValueError("an option is given twice")
    if not _ROOM.fullmatch(options.get("room", "main")):
        raise ValueError("a room's name has letters from A to Z, digits, and . _ -, at most 64")
    _check_number("db", options)
    _check_number("wait", options)
    for key, allowed in (
        ("ssl_cert_reqs", ("required", "none")),
        ("ssl_check_hostname", ("true", "false")),
    ):
        if options.get(key, allowed[0]) not in allowed:
            raise ValueError(f"{key} is {' or '.join(allowed)}")
    return options


def _check_number(key: str, options: Mapping[str, str]) -> None:
    number = options.get(key, "0")
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        raise ValueError(f"{key} is a number")
