"""How the server is set up: defaults < TOML file < environment < flags."""

import argparse
import logging
import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from platformdirs import user_data_path

from chat_protocol.contract import DEFAULT_PORT, IDLE_TIMEOUT, MAX_PASSWORD
from chat_protocol.ip import Network, parse_network, read_network, write_network
from chat_protocol.version import version
from tcp_server.room.passwords import Password

_log = logging.getLogger(__name__)

_ENVIRONMENT = "ONEROOM_SERVER_"
DEFAULT_HISTORY = str(user_data_path("oneroom") / "history.db")

_SLOWEST = 0.01
"""Messages a second; whoever wants fewer wants no chat."""

_KINDS = {int: "a whole number", float: "a number", str: "a text"}


class BadConfig(ValueError):
    """A setting that cannot be used; the text says which and why."""


def _setting(default: Any, metavar: str, help_text: str) -> Any:
    return field(default=default, metadata={"metavar": metavar, "help": help_text})


def _secret(help_text: str) -> Any:
    """A setting that is no flag, for everybody on the machine can read those, and is never shown."""
    return field(default="", repr=False, metadata={"help": help_text, "secret": True})


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, each also a flag, an environment variable and a TOML key. Times are in seconds."""

    host: str = _setting("0.0.0.0", "HOST", "address to listen on")
    port: int = _setting(DEFAULT_PORT, "N", "TCP port; 0 takes a free one")
    history: str = _setting(
        DEFAULT_HISTORY, "FILE", "where messages are kept; or memory, or off to keep none"
    )
    durability: str = _setting(
        "normal", "normal|full", "what is acknowledged survives kill -9: normal; or power loss: full"
    )
    keep: int = _setting(1_000_000, "N", "messages kept, in memory 10,000 at most; 0 for all")
    keep_days: int = _setting(0, "N", "days messages are kept; 0 for ever")
    replay: int = _setting(50, "N", "messages a newcomer is shown unless it asks otherwise")
    max_replay: int = _setting(500, "N", "most messages in one answer")
    max_name: int = _setting(32, "N", "longest name, in characters")
    max_text: int = _setting(4000, "N", "longest text, in characters")
    max_connections: int = _setting(10_000, "N", "most connections; 0 for as many as there are descriptors")
    max_per_address: int = _setting(
        64, "N", "most connections from one address, loopback and trusted proxies exempt; 0 for any number"
    )
    joins: int = _setting(
        120,
        "N",
        "most connections a minute from one address, loopback and trusted proxies exempt; 0 for any number",
    )
    rate: float = _setting(
        20.0, "N", "messages a second one member may say for long; 0 for any number, of all else too"
    )
    burst: int = _setting(100, "N", "messages one member may say at once before that counts")
    trusted_proxy: str = _setting(
        "",
        "NETWORKS",
        "addresses or networks, comma-separated, that may name their client (PROXY protocol)",
    )
    password: str = _secret("what one must know to come in")
    moderator_password: str = _secret("what makes a member a moderator")
    password_file: str = _setting("", "FILE", "file that holds the room's password")
    moderator_password_file: str = _setting("", "FILE", "file that holds the moderators' password")
    audit: str = _setting(
        "", "FILE", "what moderators did, and the bans; beside the history unless said otherwise"
    )
    name_timeout: float = _setting(60.0, "SECONDS", "seconds to give a name in; 0 for any")
    idle_timeout: float = _setting(
        IDLE_TIMEOUT, "SECONDS", "a JSON client silent for so many seconds is gone; 0 for never"
    )
    grace: float = _setting(
        20.0, "SECONDS", "seconds a JSON client that was lost keeps its name; 0 for not at all"
    )
    backlog: int = _setting(
        1024 * 1024, "BYTES", "bytes that may wait for a slow reader before it is cut; 0 for any"
    )
    write_timeout: float = _setting(
        10.0, "SECONDS", "seconds a reader may take nothing before it is cut; 0 for any time"
    )
    close_timeout: float = _setting(
        2.0, "SECONDS", "seconds a closing connection may take to read its last lines"
    )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values."""
        return replace(self, **changes)


def load(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """Put the settings together. Raises `BadConfig`; ends the program for `--help` and unknown flags."""
    flags = vars(_parser().parse_args(arguments))
    path = flags.pop("config")
    layers: list[Mapping[str, Any]] = [
        _read(Path(path)) if path else {},
        _read_environment(environment),
        {name: value for name, value in flags.items() if value is not None},
    ]
    merged = {name: value for layer in layers for name, value in layer.items()}
    return _checked(merged)


def networks(listed: str) -> Sequence[Network]:
    """Read a comma-separated list of addresses and networks (CIDR). Raises `BadConfig`."""
    return [_network(one.strip()) for one in listed.split(",") if one.strip()]


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError:
        if (wider := read_network(text)) is not None:
            raise BadConfig(f"{text} is not a network ({write_network(wider)} is)") from None
        raise BadConfig(f"{text!r} is neither an address nor a network") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oneroom-server",
        description="One chat room on a TCP port, for terminals, scripts and the web gateway.",
        allow_abbrev=False,  # or --password would be taken for --password-file
        epilog=(
            f"Every setting may also stand in the TOML file or the environment ({_ENVIRONMENT}PORT=8080). "
            f"Passwords that are in no file stand in {_ENVIRONMENT}PASSWORD and "
            f"{_ENVIRONMENT}MODERATOR_PASSWORD; they are no flags. "
            "The log is written out by `oneroom-server export`; see `oneroom-server export --help`."
        ),
    )
    parser.add_argument("--version", action="version", version=f"oneroom-server {version()}")
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    for setting in fields(Config):
        if "secret" in setting.metadata:
            continue
        parser.add_argument(
            "--" + setting.name.replace("_", "-"),
            metavar=setting.metadata["metavar"],
            help=setting.metadata["help"]
            + (f" (default: {setting.default})" if setting.default != "" else ""),
        )
    return parser


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot read {path}: {_reason(error)}") from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    found = {
        name.removeprefix(_ENVIRONMENT): value
        for name, value in environment.items()
        if name.startswith(_ENVIRONMENT)
    }
    known = {setting.name.upper(): setting.name for setting in fields(Config)}
    for name, value in found.items():
        if name not in known and value:
            raise BadConfig(f"unknown setting in the environment: {_ENVIRONMENT}{name}")
    return {known[name]: value for name, value in found.items() if name in known}


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _checked(values: Mapping[str, Any]) -> Config:
    known = {setting.name: setting for setting in fields(Config)}
    settings = {}
    for name, value in values.items():
        if name not in known:
            raise BadConfig(f"unknown setting {name!r}")
        default: Any = known[name].default
        kind = type(default)
        try:
            settings[name] = kind(value)
        except (TypeError, ValueError):
            raise BadConfig(f"{name}: {value!r} is not {_KINDS[kind]}") from None
        if kind is not str and not 0 <= settings[name] < 2**31:
            raise BadConfig(f"{name} cannot be {value}")
    config = _with_passwords(Config(**settings))
    if config.port > 65535:
        raise BadConfig(f"port cannot be {config.port}")
    if not (config.max_name and config.max_text):
        raise BadConfig("max_name and max_text cannot be 0")
    if config.durability not in ("normal", "full"):
        raise BadConfig(f"durability is normal or full, not {config.durability!r}")
    if 0 < config.rate < _SLOWEST:
        raise BadConfig(f"rate is 0 for any number, or at least {_SLOWEST}")
    try:
        networks(config.trusted_proxy)
    except BadConfig as error:
        raise BadConfig(f"trusted_proxy: {error}") from None
    return config


def _with_passwords(config: Config) -> Config:
    """Fetch from their files the passwords that have one, and look at all of them."""
    for name in ("password", "moderator_password"):
        password, file = getattr(config, name), getattr(config, f"{name}_file")
        if password and file:
            raise BadConfig(f"{name} and {name}_file are both set")
        if file:
            password = _read_password(Path(file))
            config = config.replace(**{name: password})
        if len(password) > MAX_PASSWORD:
            raise BadConfig(f"the {name} is longer than {MAX_PASSWORD} characters")
        if not password.isprintable():
            raise BadConfig(f"the {name} has characters that cannot be typed")
    if Password(config.password).fits(config.moderator_password):
        raise BadConfig("password and moderator_password are the same: everybody would be a moderator")
    return config


def _read_password(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
        if path.stat().st_mode & stat.S_IROTH:
            _log.warning("%s can be read by everybody on this machine", path)
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot read the password in {path}: {_reason(error)}") from None
    if not password:
        raise BadConfig(f"there is no password in {path}")
    return password
