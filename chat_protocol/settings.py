"""Loads the settings of a program: defaults < TOML file < environment < flags.

A program declares each setting once, as a field of its `Settings` struct: type, range and
meaning are in the annotation. Flags, errors and docs/configuration.md are derived from it.
"""

import argparse
import json
import logging
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, Self, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

from chat_protocol.ip import Network, format_network, parse_ip, parse_network, to_network
from chat_protocol.standard_streams import ArgumentParser, print_or_exit
from chat_protocol.version import version

_log = logging.getLogger(__name__)

_HOST_NAME = re.compile(r"[\w.-]+")

# Kubernetes sets these for each Service; those of one called `oneroom-server` begin like our own.
_KUBERNETES = re.compile(r"(.*_)?(SERVICE_(HOST|PORT)|PORT_\d+_[A-Z]+)(_.*)?=.*|(.*_)?PORT=\w+://.*")


_FOLDER_VARIABLE = "ONEROOM_CONFIG_FOLDER"  # for another folder than /etc/oneroom


class BadConfig(ValueError):
    """A setting that cannot be used. The text is one sentence for the user."""


def about(meaning: str | None = None, **extra: Any) -> Meta:
    """Return the annotation of a setting, with its `meaning` for users, or of a type of settings.

    Settings: `was` is a former name; `flag` is the flag, if that is not named like the field.
    Types: `metavar`; `secret`; `parse`, which makes the value from a text or raises `ValueError`
    with a hint or without a text; `allowed`, which says what `parse` takes; `hide`, which returns what may
    be shown of a text.
    """
    return Meta(description=meaning, extra=extra)


def _host_setting(text: str) -> str:
    bare = text.strip("[]")
    if bare != text and parse_ip(bare):
        raise ValueError(f"without brackets: {bare}")
    if not parse_ip(text):
        host, colon, port = text.rpartition(":")
        if colon and host and port.isdigit():
            raise ValueError("the port is a setting of its own")
        if not _HOST_NAME.fullmatch(text):
            raise ValueError
    return text


def _network_setting(text: str) -> Network:
    try:
        return to_network(text)
    except ValueError:
        wider = parse_network(text)
        raise ValueError(f"{format_network(wider)} is" if wider else "") from None


_MAX = 2**31 - 1
_NETWORK = about(parse=_network_setting, allowed="an address or a network like 10.0.0.0/8", metavar="CIDR")
Count = Annotated[int, Meta(ge=0, le=_MAX)]
Positive = Annotated[int, Meta(ge=1, le=_MAX)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Number = Annotated[float, Meta(ge=0, le=_MAX)]
Seconds = Annotated[Number, about(metavar="SECONDS")]
FilePath = Annotated[str, about(parse=os.path.expanduser, allowed="a path", metavar="FILE")]
Host = Annotated[str, about(parse=_host_setting, allowed="a host name or an IP address", metavar="HOST")]
Networks = tuple[Annotated[Network, _NETWORK], ...]


class Settings(msgspec.Struct, frozen=True):
    """Base of a program's settings. Every field has a default."""

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values, which are not checked."""
        return msgspec.structs.replace(self, **changes)

    def changed(self) -> dict[str, Any]:
        """Return the settings that are not the default, as JSON can express them; a secret as `***`."""
        return self.shown(name for name, one in described(self).items() if getattr(self, name) != one.default)

    def shown(self, names: Iterable[str]) -> dict[str, Any]:
        """Return these settings as JSON can express them; a secret as `***`."""
        settings = described(self)
        return {name: json.loads(settings[name].format(getattr(self, name))) for name in names}

    def __repr__(self) -> str:
        fields = (f"{name}={one.format(getattr(self, name))}" for name, one in described(self).items())
        return f"{type(self).__name__}({', '.join(fields)})"


class Setting:
    """What a field of a `Settings` struct declares."""

    def __init__(self, field: msgspec.structs.FieldInfo) -> None:
        outer, metas = _unwrapped(field.type)
        self.is_list = get_origin(outer) is tuple
        item = get_args(outer)[0] if self.is_list else field.type
        self.type, item_metas = _unwrapped(item)
        extra = {key: value for meta in (*item_metas, *metas) for key, value in (meta.extra or {}).items()}
        self.default = field.default
        self.meaning = "".join(meta.description or "" for meta in metas)
        self.allowed: str = extra.get("allowed") or _allowed(self.type, item_metas)
        self.metavar: str = extra.get("metavar") or "|".join(get_args(self.type)) or "N"
        self.flag: str | None = extra.get("flag")
        self.former_name: str | None = extra.get("was")
        self.is_secret = "secret" in extra
        self._parse: Callable[[str], Any] | None = extra.get("parse")
        self._hide: Callable[[str], str] = extra.get("hide", str)
        self._convertible = str if self._parse else item

    @property
    def argument(self) -> dict[str, Any]:
        """The keyword arguments of argparse's `add_argument` for its flag."""
        if self.type is bool:
            return {"action": "store_true", "help": self.meaning}
        default = ", ".join(map(str, self.default)) if self.is_list else self.default
        default = f" (default: {default})" if default not in ("", None) else ""
        words = self.meaning + "; may be given again" * self.is_list + default
        action = "append" if self.is_list else "store"
        return {"action": action, "metavar": self.metavar, "help": words.replace("%", "%%")}

    def convert(self, value: object, written: str) -> Any:
        """Return what a text or a TOML value stands for; `written` is the setting's name there.

        Raises `BadConfig`.
        """
        if not self.is_list:
            return self._convert(value, written)
        return tuple(self._convert(item, written) for item in _items(value))

    def _convert(self, value: object, written: str) -> Any:
        given = value.strip() if isinstance(value, str) and not self.is_secret else value
        if self.type is bool:
            given = {"yes": True, "no": False}.get(str(given).lower(), given)
        try:
            converted = msgspec.convert(given, self._convertible, strict=False)
            return self._parse(converted) if self._parse else converted
        except msgspec.ValidationError:
            hint = ""
        except ValueError as error:
            hint = f" ({error})" if str(error) else ""
        shown = "its text" if self.is_secret else repr(self._hide(value) if isinstance(value, str) else value)
        raise BadConfig(f"{written}: {shown} is not {self.allowed}{hint}")

    def format(self, value: Any) -> str:
        """Return a value as TOML, a secret as `"***"`."""
        if value is None:
            value = ""
        elif self.is_secret and value:
            value = "***"
        elif self._parse:
            value = [str(item) for item in value] if self.is_list else str(value)
        return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")


def described(settings: Settings | type[Settings]) -> dict[str, Setting]:
    """Describe the fields of a struct, by name."""
    return {field.name: Setting(field) for field in msgspec.structs.fields(settings)}


def _unwrapped(annotated: Any) -> tuple[Any, Sequence[Meta]]:
    is_annotated = get_origin(annotated) is Annotated
    return (annotated.__origin__, annotated.__metadata__) if is_annotated else (annotated, ())


def _allowed(kind: Any, metas: Iterable[Meta]) -> str:
    for meta in metas:
        if meta.ge is not None:
            return f"a {'whole ' if kind is int else ''}number from {meta.ge} to {meta.le}"
    return "true or false" if kind is bool else " or ".join(get_args(kind)) or "a text"


def _items(value: Any) -> Iterator[Any]:
    for item in value if isinstance(value, list) else [value] if value != "" else []:
        parts = [part for part in item.split(",") if part.strip()] if isinstance(item, str) else []
        yield from parts or [item]


Layer = Literal["file", "environment", "flag"]
S = TypeVar("S", bound=Settings)


class _Given(NamedTuple):
    """A value that was given, its key, its layer, and the key as the user wrote it."""

    key: str
    layer: Layer
    written: str
    value: Any


@dataclass(frozen=True)
class Program(Generic[S]):
    """Names and loads the settings of one program.

    `check` gets the loaded settings and, for each, its name as the user wrote it. It returns
    those to use; it raises `BadConfig` if they do not fit together.
    """

    name: str
    prefix: str  # of its environment variables
    model: type[S]
    check: Callable[[S, Mapping[str, str]], S]
    description: str
    epilog: str
    file: str = ""  # in `/etc/oneroom`, read where it exists unless `--config` names another
    commands: str = ""  # first arguments that do something else, `|` between them

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """All settings, by name."""
        return described(self.model)

    @cached_property
    def _names(self) -> dict[str, str]:
        """The present name of each setting, by present and former names."""
        former = {setting.former_name: name for name, setting in self.settings.items() if setting.former_name}
        return {name: name for name in self.settings} | former

    def written_in(self, key: str, layer: Layer) -> str:
        """Return a present or former name as it is written in a layer."""
        if layer == "flag":
            flag = self.settings[key].flag if key in self.settings else None
            return flag or "--" + key.replace("_", "-")
        return self.prefix + key.upper() if layer == "environment" else key

    def load(self, arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> S:
        """Load the settings; `arguments` are those of the process if None. Raises `BadConfig`.

        Ends the program by SystemExit for `--help`, `--version`, `--print-config`, `--check-config` and
        unknown flags.
        """
        parser = self.parser()
        flags = vars(parser.parse_args(arguments))
        file = flags.pop("config", "") or self._installed_file()
        is_printing, is_checking = flags.pop("print_config", False), flags.pop("check_config", False)
        from_flags = [_Given(key, "flag", self.written_in(key, "flag"), flags[key]) for key in flags]
        given = self._merge([*_in_file(file), *self._in_environment(environment), *from_flags])
        settings = self.model(**{name: one.value for name, one in given.items()})
        written = {name: one.written for name, one in given.items()}
        checked = self.check(settings, {name: name for name in self.settings} | written)
        if is_printing or is_checking:
            text = self._as_toml(settings, given) if is_printing else ""
            text += f"{self.name}: the settings can be used\n" if is_checking else ""
            print_or_exit(text, parser.unwritable)
            raise SystemExit(0)
        return checked

    def _installed_file(self) -> str:
        """Return the file for this machine, empty if there is none."""
        path = os.path.join(os.environ.get(_FOLDER_VARIABLE, "/etc/oneroom"), self.file)  # noqa: PTH118
        return path if self.file and os.path.exists(path) else ""  # noqa: PTH110 - `Path` may raise

    def _merge(self, layers: Iterable[_Given]) -> dict[str, _Given]:
        """Check and convert the given values; the last one of each setting applies."""
        merged: dict[str, _Given] = {}
        for one in layers:
            name = self._names.get(one.key)
            if name is None:
                near = get_close_matches(one.key, list(self.settings), 1)
                hint = f"; did you mean {self.written_in(near[0], one.layer)}?" if near else ""
                raise BadConfig(f"there is no setting {one.written}{hint}")
            if merged.get(name, one).key != one.key:
                both = f"{merged[name].written} and {one.written}"
                raise BadConfig(f"{both} are the same setting: give only one of them")
            if one.key != name:
                new = self.written_in(name, one.layer)
                _log.warning("%s is now called %s; the old name works for one more release", one.written, new)
            merged[name] = one._replace(value=self.settings[name].convert(one.value, one.written))
        return merged

    def _in_environment(self, environment: Mapping[str, str]) -> Iterator[_Given]:
        for variable, value in environment.items():
            name = variable.removeprefix(self.prefix)
            if name == variable or _KUBERNETES.fullmatch(f"{name}={value}"):
                continue
            key = name.swapcase()  # so that one in small letters is unknown
            if value or key in self._names:
                yield _Given(key, "environment", variable, value)

    def parser(self) -> ArgumentParser:
        """Return the parser of the command line."""
        usages = ["[--SETTING VALUE ...]", *([f"{self.commands} ..."] if self.commands else [])]
        parser = ArgumentParser(
            prog=self.name,
            usage="\n       ".join(f"{self.name} {usage}" for usage in usages),
            description=self.description,
            epilog=self.epilog,
            allow_abbrev=False,  # or --password would be taken for --password-file
            argument_default=argparse.SUPPRESS,
        )
        parser.add_argument("--version", action="version", version=f"{self.name} {version()}")
        default = f" (default: /etc/oneroom/{self.file}, if there is one)" if self.file else ""
        parser.add_argument("--config", metavar="FILE", help=f"TOML file with settings{default}")
        parser.add_argument("--check-config", action="store_true", help="check the settings, then exit")
        parser.add_argument(
            "--print-config", action="store_true", help="print the settings in force, then exit"
        )
        for key, name in self._names.items():
            flag = self.written_in(key, "flag")
            is_flag_former = key != name and flag != self.written_in(name, "flag")
            if (key == name or is_flag_former) and not self.settings[name].is_secret:
                hidden = {"help": argparse.SUPPRESS} if is_flag_former else {}
                parser.add_argument(flag, dest=key, **self.settings[name].argument | hidden)
        return parser

    def _as_toml(self, settings: S, given: Mapping[str, _Given]) -> str:
        """Return the settings as lines of TOML, each with its layer; a secret only as a comment."""
        lines = ""
        for name, setting in self.settings.items():
            value = getattr(settings, name)
            layer = given[name].layer if name in given else "default"
            sign = "# " if setting.is_secret and value else ""
            lines += f"{sign}{name} = {setting.format(value)}  # {layer}\n"
        return lines


def _in_file(file: str) -> Iterator[_Given]:
    try:
        values = tomllib.loads(read_text(file)) if file else {}
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"cannot read {file}: it is not TOML: {error}") from None
    for key, value in values.items():
        yield _Given(key, "file", f"{key} in {file}", value)


def read_text(file: str) -> str:
    """Return the text of a file that the user named. Raises `BadConfig`."""
    try:
        return Path(file).expanduser().read_text(encoding="utf-8-sig")  # Windows begins files with U+FEFF
    except UnicodeDecodeError:
        raise BadConfig(f"cannot read {file}: it is not UTF-8") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise BadConfig(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from None
