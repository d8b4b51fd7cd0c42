"""How the gateway is set up: defaults < TOML file < environment < flags."""

import argparse
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from chat_protocol.address import Address, parse_address
from chat_protocol.contract import DEFAULT_PORT
from chat_protocol.ip import Network, parse_network, read_ip
from chat_protocol.version import version
from web_gateway.origins import read_host, read_origin

_ENVIRONMENT = "ONEROOM_WEB_"


class BadConfig(ValueError):
    """A setting that makes no sense, and where it came from."""


def _number(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        digits = str(value)
        if not (digits.isascii() and digits.isdigit() and least <= int(digits) <= most):
            raise ValueError(f"{value!r} is not a number from {least} to {most}")
        return int(digits)

    return parse


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value.strip()


def _address(value: object) -> Address:
    return parse_address(_text(value))


def _dialect(value: object) -> str:
    if value not in {"json", "plain"}:
        raise ValueError(f"{value!r} is neither json nor plain")
    return str(value)


def _switch(value: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if (switched := words.get(str(value).lower())) is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return switched


def _list(parse: Callable[[str], object]) -> Callable[[object], tuple[object, ...]]:
    def parse_all(value: object) -> tuple[object, ...]:
        parts = [value] if isinstance(value, str) else value
        if not isinstance(parts, list):
            raise ValueError(f"{value!r} is not a list")  # noqa: TRY004 - one error for all of these
        texts = [str(part) for part in parts]
        return tuple(parse(part.strip()) for text in texts for part in text.split(","))

    return parse_all


def _origin(text: str) -> str:
    scheme, separator, authority = text.rstrip("/").partition("://")
    origin = read_origin(scheme + separator + _in_ascii(authority))
    if origin is None:
        raise ValueError(f"{text!r} is not an origin like https://example.org")
    return origin


def _host(text: str) -> str:
    written = f"[{text}]" if ":" in text and read_ip(text) else _in_ascii(text)
    host = read_host(written)
    if host is None or ":" in written.rpartition("]")[2]:
        raise ValueError(f"{text!r} is not a host like example.org, without a port")
    return host


def _in_ascii(authority: str) -> str:
    """Write a name of another alphabet as browsers do; leave what is none as it is."""
    if authority.isascii():
        return authority
    name, colon, port = authority.partition(":")
    try:
        return name.encode("idna").decode() + colon + port
    except UnicodeError:
        return authority


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a network like 10.0.0.0/8 or an address") from None


def _setting(default: Any, parse: Callable[[object], object], metavar: str, help_text: str) -> Any:
    return field(default=default, metadata={"parse": parse, "metavar": metavar, "help": help_text})


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, each also a flag, an environment variable and a TOML key."""

    host: str = _setting("127.0.0.1", _text, "HOST", "address to listen on")
    port: int = _setting(5000, _number(0, 65535), "N", "port to listen on; 0 takes a free one")
    server: Address = _setting(  # noqa: RUF009 - an Address cannot change either
        Address("127.0.0.1", DEFAULT_PORT), _address, "HOST:PORT", "where the room listens"
    )
    dialect: str = _setting(
        "json", _dialect, "json|plain", "plain: the room speaks only the original protocol"
    )
    max_sessions: int = _setting(500, _number(1, 100_000), "N", "browsers served at once, by each worker")
    max_per_address: int = _setting(
        64,
        _number(0, 100_000),
        "N",
        "of them from one address, this machine and proxies exempt; 0 for any",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), _list(_host), "HOST", "name the page is served under, instead of IP addresses and local names"
    )
    allowed_origins: tuple[str, ...] = _setting(
        (), _list(_origin), "ORIGIN", "another site whose pages may use this gateway"
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        (), _list(_network), "CIDR", "where X-Forwarded-For and X-Forwarded-Proto are believed from"
    )
    proxy_protocol: bool = _setting(
        False, _switch, "", "tell the room browsers' own addresses; it must trust the gateway to"
    )
    workers: int = _setting(1, _number(1, 64), "N", "processes that share the port")


def load(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """Put the settings together. Raises `BadConfig`; ends the program for `--help` and unknown flags."""
    flags = vars(_parser().parse_args(arguments))
    path = flags.pop("config")
    variables = {setting.name: _ENVIRONMENT + setting.name.upper() for setting in fields(Config)}
    settings: dict[str, Any] = {}
    for source, values in (
        (path, _read(Path(path)) if path else {}),
        (
            "the environment",
            {name: environment[var] for name, var in variables.items() if var in environment},
        ),
        ("the command line", {name: value for name, value in flags.items() if value is not None}),
    ):
        settings |= {name: _parse(name, value, source) for name, value in values.items()}
    config = Config(**settings)
    if config.proxy_protocol and config.dialect == "plain":
        raise BadConfig("proxy_protocol: the original server would take its header for somebody's name")
    return config


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oneroom-web",
        description="Opens a chat room to browsers: a page, and a bridge to the room's TCP port.",
        epilog=f"Every setting may also stand in the TOML file or the environment ({_ENVIRONMENT}PORT=5000).",
    )
    parser.add_argument("--version", action="version", version=f"oneroom-web {version()}")
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    for setting in fields(Config):
        parser.add_argument(_flag(setting.name), dest=setting.name, **_form(setting))
    return parser


_MANY = {
    "allowed_hosts": "--allowed-host",
    "allowed_origins": "--allowed-origin",
    "trusted_proxies": "--trusted-proxy",
}


def _flag(name: str) -> str:
    return _MANY.get(name) or "--" + name.replace("_", "-")


def _form(setting: Any) -> dict[str, Any]:
    """Say how often and with what a flag is given."""
    what, metavar = setting.metadata["help"], setting.metadata["metavar"]
    if setting.name in _MANY:
        return {"help": what + "; may be given again", "metavar": metavar, "action": "append"}
    if not metavar:
        return {"help": what, "action": "store_const", "const": "true"}
    return {"help": f"{what} (default: {setting.default})", "metavar": metavar}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise BadConfig(f"{path} is not TOML: {error}") from error


def _parse(name: str, value: object, source: str) -> object:
    known = {setting.name: setting for setting in fields(Config)}
    if name not in known:
        raise BadConfig(f"{source}: there is no setting {name!r}")
    try:
        return known[name].metadata["parse"](value)
    except ValueError as error:
        raise BadConfig(f"{source}: {name}: {error}") from error
