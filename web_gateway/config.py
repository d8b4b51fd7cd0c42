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


def _origins(value: object) -> tuple[str, ...]:
    origins = value.split(",") if isinstance(value, str) else value
    if not isinstance(origins, list):
        raise ValueError(f"{value!r} is not a list of origins")  # noqa: TRY004 - one error for all of these
    return tuple(_origin(str(origin)) for origin in origins)


def _origin(text: str) -> str:
    origin = text.strip().rstrip("/").lower()
    scheme, separator, host = origin.partition("://")
    if scheme not in {"http", "https"} or not separator or not host or "/" in host:
        raise ValueError(f"{text!r} is not an origin like https://example.org")
    return origin


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
    allowed_origins: tuple[str, ...] = _setting(
        (), _origins, "ORIGIN", "another site whose pages may use this gateway; may be given again"
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
    return Config(**settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oneroom-web",
        description="Opens a chat room to browsers: a page, and a bridge to the room's TCP port.",
        epilog=f"Every setting may also stand in the TOML file or the environment ({_ENVIRONMENT}PORT=5000).",
    )
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    for setting in fields(Config):
        many = setting.name == "allowed_origins"
        default = "" if many else f" (default: {setting.default})"
        parser.add_argument(
            "--allowed-origin" if many else "--" + setting.name.replace("_", "-"),
            dest=setting.name,
            action="append" if many else "store",
            metavar=setting.metadata["metavar"],
            help=setting.metadata["help"] + default,
        )
    return parser


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
