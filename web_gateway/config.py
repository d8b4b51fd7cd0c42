"""The settings of the gateway."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from chat_protocol.address import Address, parse_address
from chat_protocol.contract import DEFAULT_PORT
from chat_protocol.drain import DrainSetting
from chat_protocol.ip import parse_ip
from chat_protocol.log_format import LogAddressesSetting, LogFormatSetting, LogLevelSetting, check_format
from chat_protocol.settings import BadConfig, Count, FilePath, Host, Networks, Port, Program, Settings, about
from chat_protocol.status_server import StatusSetting
from web_gateway.origins import parse_host, parse_origin


def _origin_setting(text: str) -> str:
    scheme, separator, authority = text.rstrip("/").partition("://")
    origin = parse_origin(scheme + separator + _in_ascii(authority))
    if origin is None:
        raise ValueError
    return origin


def _host_setting(text: str) -> str:
    written = f"[{text}]" if ":" in text and parse_ip(text) else _in_ascii(text)
    host = parse_host(written)
    if host is None or ":" in written.rpartition("]")[2]:
        raise ValueError
    return host


def _in_ascii(authority: str) -> str:
    """Return a name of another alphabet in the ASCII form that browsers send (IDNA); others unchanged."""
    if authority.isascii():
        return authority
    name, colon, port = authority.partition(":")
    try:
        return name.encode("idna").decode() + colon + port
    except UnicodeError:
        return authority


def _url_setting(text: str) -> str:
    """Return the address of the page with a slash at its end, in normal form; an empty one unchanged."""
    if not text:
        return text
    scheme, separator, rest = text.partition("://")
    authority, _, path = rest.partition("/")
    if not _PATH.fullmatch(path):
        raise ValueError
    return _origin_setting(scheme + separator + authority) + f"/{path}".removesuffix("/") + "/"


def _room_setting(text: str) -> str:
    """Return the address of the room as it is given to a terminal client; an empty one unchanged."""
    if not text:
        return text
    host, port = parse_address(text)
    if text[1:].isdecimal() or not parse_host(f"[{host}]" if ":" in host else _in_ascii(host)):
        raise ValueError
    return host if port == DEFAULT_PORT else str(Address(host, port))


_PATH = re.compile(r"[\w.~%!$&'()*+,;=:@/-]*", re.ASCII)  # of a URL (RFC 3986, section 3.3)
_URL = about(parse=_url_setting, allowed="an address like https://example.org/chat/", metavar="URL")
_ROOM = about(parse=_room_setting, allowed="an address like example.org:8080", metavar="HOST[:PORT]")
_HOST = about(parse=_host_setting, allowed="a host like example.org, without a port", metavar="HOST")
_ORIGIN = about(parse=_origin_setting, allowed="an origin like https://example.org", metavar="ORIGIN")
_SERVER = about(parse=parse_address, allowed="an address like example.org:8080", metavar="HOST:PORT")


class Config(Settings, frozen=True):
    """The settings."""

    host: Annotated[Host, about("address to listen on; :: is for IPv4 too")] = "127.0.0.1"
    port: Annotated[Port, about("port to listen on; 0: a free one")] = 5000
    server: Annotated[
        tuple[Annotated[Address, _SERVER], ...],
        about("address of the room; of several, any that answers is used"),
    ] = (Address("127.0.0.1", DEFAULT_PORT),)
    dialect: Annotated[
        Literal["json", "plain"], about("plain: the room knows only the original protocol")
    ] = "json"
    max_sessions: Annotated[int, Meta(ge=1, le=100_000), about("most browsers at once, for each worker")] = (
        500
    )
    max_per_address: Annotated[Count, about("most browsers at once from one address; 0: no limit")] = 64
    joins: Annotated[Count, about("most new sessions a minute from one address; 0: no limit")] = 120
    requests: Annotated[Count, about("most requests a minute from one address; 0: no limit")] = 3000
    allowed_hosts: Annotated[
        tuple[Annotated[str, _HOST], ...],
        about(
            "name the page is served under, instead of IP addresses and local names", flag="--allowed-host"
        ),
    ] = ()
    allowed_origins: Annotated[
        tuple[Annotated[str, _ORIGIN], ...],
        about("another site whose pages may use this gateway", flag="--allowed-origin"),
    ] = ()
    trusted_proxies: Annotated[
        Networks,
        about(
            "address or network whose X-Forwarded-For, -Proto and -Prefix are believed",
            flag="--trusted-proxy",
        ),
    ] = ()
    public_url: Annotated[
        str, _URL, about("address of the page, for invitations; if not given, where one has opened it")
    ] = ""
    public_room: Annotated[
        str, _ROOM, about("address of the room for terminals, for invitations; none if not given")
    ] = ""
    proxy_protocol: Annotated[
        bool, about("tell the room the browsers' addresses; this gateway must be a trusted proxy there")
    ] = False
    old_static: Annotated[
        FilePath,
        about(
            "folder that keeps the files of each version of the page, for those opened before a new one came",
            metavar="DIR",
        ),
    ] = ""
    hooks: Annotated[FilePath, about("file with webhooks; `oneroom-web hook --help` says more")] = ""
    workers: Annotated[int, Meta(ge=1, le=64), about("processes that share the port")] = 1
    drain: DrainSetting = 0.0
    status: Annotated[
        StatusSetting,
        about("address for /livez, /readyz and /metrics; further workers take the next ports"),
    ] = ""
    log_level: LogLevelSetting = "info"
    log_format: LogFormatSetting = "auto"
    log_addresses: LogAddressesSetting = False

    @property
    def servers(self) -> str:
        """The addresses of the room, for people."""
        return ", ".join(map(str, self.server))

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may use this gateway: other sites, and where the page itself is public."""
        own = "/".join(self.public_url.split("/")[:3])
        return (*self.allowed_origins, own) if own else self.allowed_origins


CHANGEABLE = frozenset({"max_per_address", "joins", "requests", "log_level", "log_addresses"})
"""Settings that can be changed while the gateway runs."""


def _check(config: Config, written: Mapping[str, str]) -> Config:
    check_format(config.log_format, written["log_format"])
    if not config.server:
        raise BadConfig(f"{written['server']}: there is no address of a room")
    if config.proxy_protocol and config.dialect == "plain":
        raise BadConfig(
            f"{written['proxy_protocol']} does not go with {written['dialect']}: "
            "the original server would take its header for somebody's name"
        )
    if config.hooks and config.dialect == "plain":
        raise BadConfig(
            f"{written['hooks']} does not go with {written['dialect']}: "
            "the original server keeps no name for a hook"
        )
    return config


PROGRAM = Program(
    "oneroom-web",
    "ONEROOM_WEB_",
    Config,
    _check,
    "Opens a chat room to browsers: a page, and a bridge to the room's TCP port.",
    "Loopback and trusted proxies are exempt from the limits by address. Each setting may also be in the "
    "TOML file, or in the environment (ONEROOM_WEB_PORT=5000). Webhooks: see `oneroom-web hook --help`.",
    "web.toml",
    commands="hook",
)
load = PROGRAM.load
