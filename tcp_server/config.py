"""The settings of the server."""

import hashlib
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from stat import S_IROTH
from typing import Annotated, Literal, NamedTuple, Self
from unicodedata import normalize

from msgspec import Meta
from platformdirs import user_data_path

from chat_protocol.contract import (
    DEFAULT_PORT,
    IDLE_TIMEOUT,
    MAX_PASSWORD,
    MAX_TITLE,
    MAX_WELCOME,
    RESERVED_NAME,
)
from chat_protocol.drain import DrainSetting
from chat_protocol.log_format import LogAddressesSetting, LogFormatSetting, LogLevelSetting, check_format
from chat_protocol.settings import (
    BadConfig,
    Count,
    FilePath,
    Host,
    Networks,
    Number,
    Port,
    Positive,
    Program,
    Seconds,
    Settings,
    about,
    read_text,
)
from chat_protocol.status_server import StatusSetting
from chat_protocol.text import clean, is_blank
from tcp_server import redis_url
from tcp_server.redis_url import RedisUrl

_log = logging.getLogger(__name__)


def _default_history() -> str:
    """Return the file in the user's data directory; empty if the user has no home directory."""
    with suppress(RuntimeError):
        path = str(user_data_path("oneroom") / "history.db")
        return "" if path.startswith("~") else path
    return ""


DEFAULT_HISTORY = _default_history()

_Bytes = Annotated[int, Meta(ge=0, le=2**53), about(metavar="BYTES")]

_MIN_RATE = 0.01
"""Smallest rate above 0, in messages per second."""


def _parse_password(text: str) -> str:
    if len(text) > MAX_PASSWORD or not text.isprintable():
        raise ValueError
    return text


_PASSWORD = f"a password of at most {MAX_PASSWORD} characters that can be typed"
Password = Annotated[str, about(parse=_parse_password, allowed=_PASSWORD, secret=True)]


def _line_of(limit: int) -> Meta:
    """Return the annotation of a setting that is shown to everybody, of at most `limit` code points."""

    def parse(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"it has {len(text)}")
        if clean(text) != text or "\n" in text or "\t" in text:
            raise ValueError("it has control characters")
        if text and is_blank(text):
            raise ValueError("it shows nothing")
        return text

    return about(parse=parse, allowed=f"one line of at most {limit} characters", metavar="TEXT")


def _parse_node(text: str) -> str:
    if len(text) > _MAX_NODE or not text.isprintable():
        raise ValueError
    return text


_MIN_TOKEN = 32
"""Shortest token, in characters: nobody may guess it."""


class Reservation(NamedTuple):
    """A name that only a program may have which shows the token in a file; `digest` is that of the token."""

    name: str
    file: str
    digest: bytes = b""

    @staticmethod
    def digest_of(token: str) -> bytes:
        """Return the bytes by which a token is compared."""
        return hashlib.sha256(token.encode()).digest()

    def read(self, written: str) -> Self:
        """Return it with the digest of the token that the file has. Raises `BadConfig`."""
        try:
            token = read_text(self.file).strip()
        except BadConfig as error:
            raise BadConfig(f"{written}: {error}") from None
        if len(token) < _MIN_TOKEN:
            raise BadConfig(
                f"{written}: {self.file} needs a token of at least {_MIN_TOKEN} characters; "
                "`oneroom-web hook add` makes one"
            )
        _warn_if_public(self.file)
        return self._replace(digest=self.digest_of(token))

    def __str__(self) -> str:
        return f"{self.name}={self.file}"


def _parse_reservation(text: str) -> Reservation:
    name, _, file = (part.strip() for part in text.partition("="))
    if not re.fullmatch(RESERVED_NAME, name) or not file:
        raise ValueError
    return Reservation(name, str(Path(file).expanduser()))


_RESERVATION = about(
    parse=_parse_reservation, allowed="a name and a file, like ci=/etc/oneroom/ci.token", metavar="NAME=FILE"
)

_MAX_NODE = 64
Node = Annotated[
    str, about(parse=_parse_node, allowed=f"a name of at most {_MAX_NODE} characters", metavar="NAME")
]
Cluster = Annotated[
    RedisUrl | None,
    about(parse=redis_url.parse, allowed=redis_url.ALLOWED, hide=redis_url.hide, metavar="URL"),
]


class Config(Settings, frozen=True):
    """The settings. Times are in seconds, texts in code points."""

    host: Annotated[tuple[Host, ...], about("address to listen on; :: is for IPv4 too")] = ("0.0.0.0",)
    port: Annotated[Port, about("TCP port to listen on; 0: a free one")] = DEFAULT_PORT
    title: Annotated[str, _line_of(MAX_TITLE), about("name of the room, which everybody is shown")] = ""
    welcome: Annotated[
        str, _line_of(MAX_WELCOME), about("a sentence for those who come, which everybody is shown")
    ] = ""
    history: Annotated[FilePath, about("file that keeps the messages; or memory, or off")] = DEFAULT_HISTORY
    durability: Annotated[
        Literal["normal", "full"],
        about("acknowledged messages survive kill -9 (normal), or also a power failure (full)"),
    ] = "normal"
    keep: Annotated[Count, about("most messages kept, in memory at most 10,000; 0: no limit")] = 1_000_000
    keep_days: Annotated[Count, about("days that messages are kept; 0: no limit")] = 0
    keep_bytes: Annotated[_Bytes, about("most bytes that the file of messages may have; 0: no limit")] = 0
    keep_blocks: Annotated[
        _Bytes, about("most bytes of the output of commands that are kept; 0: no limit")
    ] = 256 * 1024 * 1024
    replay: Annotated[Count, about("messages sent to a client that joins, unless it asks otherwise")] = 50
    max_replay: Annotated[Count, about("most messages in one answer")] = 500
    max_name: Annotated[Positive, about("longest name, in characters")] = 32
    max_text: Annotated[Positive, about("longest text, in characters")] = 4000
    edit_time: Annotated[Seconds, about("seconds in which a message can be edited; 0: never")] = 3600.0
    max_connections: Annotated[Count, about("most connections; 0: as many as descriptors allow")] = 10_000
    max_per_address: Annotated[Count, about("most connections from one address; 0: no limit")] = 64
    joins: Annotated[Count, about("most new connections a minute from one address; 0: no limit")] = 120
    rate: Annotated[
        Number, about("messages a second from one member, at least 0.01; 0: no limit, for other commands too")
    ] = 20.0
    burst: Annotated[Count, about("messages one member may send at once before the rate counts")] = 100
    trusted_proxies: Annotated[
        Networks,
        about(
            "address or network whose PROXY header is believed", flag="--trusted-proxy", was="trusted_proxy"
        ),
    ] = ()
    password: Annotated[Password, about("password needed to join")] = ""
    moderator_password: Annotated[Password, about("password that makes a member a moderator")] = ""
    password_file: Annotated[FilePath, about("file with the password needed to join")] = ""
    moderator_password_file: Annotated[FilePath, about("file with the moderators' password")] = ""
    reserve: Annotated[
        tuple[Annotated[Reservation, _RESERVATION], ...],
        about("name for a program that shows the token in the file, such as a webhook"),
    ] = ()
    audit: Annotated[
        FilePath, about("file that records what moderators do; if not given, it is beside the history")
    ] = ""
    record: Annotated[
        FilePath, about("file that records all that happens, for finding faults; deleted texts stay in it")
    ] = ""
    name_timeout: Annotated[Seconds, about("seconds a client has to give a name; 0: no limit")] = 60.0
    idle_timeout: Annotated[
        Seconds, about("seconds after which a silent JSON client counts as gone; 0: never", was="silence")
    ] = IDLE_TIMEOUT
    crowd: Annotated[
        Count, about("members from which JSON clients are told only how many there are; 0: never")
    ] = 1000
    grace: Annotated[Seconds, about("seconds a JSON client whose connection is lost keeps its name")] = 20.0
    hold_names: Annotated[
        Number, about("days that a name is kept for who has spoken under it; 0: only while they are here")
    ] = 0.0
    backlog: Annotated[
        Count, about("most bytes that wait for a slow reader before it is cut; 0: no limit", metavar="BYTES")
    ] = 1024 * 1024
    write_timeout: Annotated[
        Seconds, about("seconds a reader may take nothing before it is cut; 0: no limit", was="stall")
    ] = 10.0
    close_timeout: Annotated[
        Seconds, about("seconds a closing connection has to take its last lines", was="farewell")
    ] = 2.0
    drain: DrainSetting = 0.0
    cluster: Annotated[
        Cluster,
        about("the Redis through which this server shares its room with others; see docs/operations.md"),
    ] = None
    node: Annotated[
        Node,
        about("name of this server in its cluster, unlike all others'; if not given, that of its machine"),
    ] = ""
    status: Annotated[
        StatusSetting, about("address that answers /livez, /readyz and /metrics; none if not given")
    ] = ""
    log_level: LogLevelSetting = "info"
    log_format: LogFormatSetting = "auto"
    log_addresses: LogAddressesSetting = False


CHANGEABLE = frozenset(
    {
        *("max_per_address", "joins", "rate", "burst", "drain", "log_level", "log_addresses"),
        *("password", "password_file", "moderator_password", "moderator_password_file", "title", "welcome"),
        "reserve",
    }
)
"""Settings that can be changed while the server runs."""


def _check(config: Config, written: Mapping[str, str]) -> Config:
    if 0 < config.rate < _MIN_RATE:
        raise BadConfig(f"{written['rate']}: {config.rate} is neither 0 nor at least {_MIN_RATE}")
    check_format(config.log_format, written["log_format"])
    if not config.host:
        raise BadConfig(f"{written['host']}: '' is not a host name or an IP address")
    if not config.history:
        raise BadConfig(
            f"{written['history']}: there is no file for the messages, nor a home directory to keep one in; "
            "give --history FILE, or --history memory"
        )
    if config.record and config.history in ("memory", "off"):
        raise BadConfig(
            f"{written['record']}: only messages on disk are recorded, and history is {config.history}"
        )
    if config.cluster is not None:
        _check_cluster(config, config.cluster, written)
        config = config.replace(node=config.node or gethostname()[:_MAX_NODE])
    room, moderators = (_password(config, name, written) for name in ("password", "moderator_password"))
    if room and normalize("NFC", room) == normalize("NFC", moderators):
        raise BadConfig("password and moderator_password are the same: everybody would be a moderator")
    reserve = tuple(one.read(written["reserve"]) for one in config.reserve)
    return config.replace(password=room, moderator_password=moderators, reserve=reserve)


def _password(config: Config, name: str, written: Mapping[str, str]) -> str:
    """Return a password, from its file if it has one."""
    password, file, origin = getattr(config, name), getattr(config, f"{name}_file"), written[f"{name}_file"]
    if not file:
        return str(password)
    if password:
        raise BadConfig(f"{written[name]} and {origin} are both given: only one may be")
    try:
        password = read_text(file).rstrip("\r\n")
    except BadConfig as error:
        raise BadConfig(f"{origin}: {error}") from None
    if not password:
        raise BadConfig(f"{origin}: there is no password in {file}")
    _warn_if_public(file)
    return str(PROGRAM.settings[name].convert(password, origin))


def _check_cluster(config: Config, url: RedisUrl, written: Mapping[str, str]) -> None:
    origin = written["cluster"]
    if url.has_password and origin.startswith("--"):
        raise BadConfig(
            f"{origin}: a password there can be read by everybody on this machine; give the URL in "
            "ONEROOM_SERVER_CLUSTER, or as cluster in the TOML file"
        )
    if url.has_password and (file := origin.removeprefix("cluster in ")) != origin:
        _warn_if_public(file)
    if config.history in ("memory", "off"):
        raise BadConfig(
            f"{written['history']}: a server of a cluster keeps its copy of the room on disk, to go on from "
            f"there, and history is {config.history}"
        )
    if config.record:
        raise BadConfig(
            f"{written['record']}: in a cluster the entries are in Redis, and are not recorded too"
        )


def _warn_if_public(file: str) -> None:
    with suppress(OSError):
        if Path(file).expanduser().stat().st_mode & S_IROTH:
            _log.warning("%s can be read by everybody on this machine", file)


PROGRAM = Program(
    "oneroom-server",
    "ONEROOM_SERVER_",
    Config,
    _check,
    "One chat room on a TCP port, for terminals, scripts and the web gateway.",
    "Loopback and trusted proxies are exempt from the limits by address. Each setting may also be in the "
    "TOML file, or in the environment (ONEROOM_SERVER_PORT=8080). Passwords are no flags: they are in files, "
    "or in ONEROOM_SERVER_PASSWORD and ONEROOM_SERVER_MODERATOR_PASSWORD. Commands for the messages on "
    "disk: export, backup, restore, check, compact, replay; for the server that runs: status. See "
    "`oneroom-server export --help`, and so on.",
    "server.toml",
    commands="export|backup|restore|check|compact|replay|status",
)
load = PROGRAM.load
