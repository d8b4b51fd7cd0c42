"""What a person has set for the client in `~/.config/oneroom/config.toml`."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from chat_protocol.address import parse_address
from chat_protocol.errors import BadAddress
from chat_protocol.text import one_line
from cli_client.arguments import COMMANDS, LINKS, NOTIFY_WHEN, Links, When, chosen

_CHOICES: Final[Mapping[str, Sequence[str]]] = {"lang": ("ru", "en"), "notify": NOTIFY_WHEN, "links": LINKS}
_TOP: Final = ("server", "name", "lang", "notify", "links", "servers", "keys")


class BadConfig(Exception):
    """The settings cannot be used: the key of the text that says why, its values, the line (0: unknown)."""

    def __init__(self, text: str, line: int = 0, **values: str) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.values_of_text = values


class Server(NamedTuple):
    """A room that has a short name, or only an address, which is empty for the default one."""

    address: str = ""
    name: str = ""
    tls: bool = False
    tls_ca: str = ""
    tls_pin: str = ""
    password_file: str = ""


class Config(NamedTuple):
    """The settings of the file; `keys` are those of each action as they are written. `source` is its text."""

    server: str = ""
    name: str = ""
    lang: str = ""
    notify: When | None = None
    links: Links | None = None
    servers: Mapping[str, Server] = {}
    keys: Mapping[str, Sequence[str]] = {}
    source: str = ""

    def find(self, typed: str | None) -> Server:
        """Return the server with a short name, or the one at an address; without one, the default."""
        wanted = typed or self.server
        return self.servers.get(wanted) or Server(wanted)


def default_path() -> str:
    """Return where the file is (XDG Base Directory Specification)."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # noqa: PTH117 - one string, and the filter starts sooner
        folder = os.path.expanduser("~/.config")  # noqa: PTH111
    return f"{folder}/oneroom/config.toml"


def load(path: str | None) -> Config:
    """Load a file; without a path, the default one if there is one.

    Raises `BadConfig`, `OSError`, and `ValueError` if it is not UTF-8.
    """
    try:
        source = Path(path or default_path()).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if path:
            raise
        return Config()
    import tomllib  # noqa: PLC0415 - most have no such file

    try:
        return _Reader(source, tomllib.loads(source)).config()
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else source.count("\n") + 1
        raise BadConfig("config_no_toml", line) from None


def line_of(source: str, *keys: str) -> int:
    """Return the line that gives the value of a key in its tables, 0 if there is none."""
    import tomllib  # noqa: PLC0415 - as above

    lines = source.split("\n")
    for count in range(1, len(lines) + 1):
        try:
            table: Any = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:  # within a value
            continue
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if table is not None:
            return count
    return 0


class _Reader:
    """Checks what is in the file."""

    def __init__(self, source: str, tables: Mapping[str, Any]) -> None:
        self._source = source
        self._tables = tables

    def config(self) -> Config:
        for key in self._tables:
            self._check_known((key,), _TOP)
        servers = {name: self._server(name, table) for name, table in self._table("servers").items()}
        keys = {name: self._keys(name, value) for name, value in self._table("keys").items()}
        server, name = self._text("server"), self._text("name")
        lang = self._choice("lang")
        notify, links = chosen(self._choice("notify"), NOTIFY_WHEN), chosen(self._choice("links"), LINKS)
        if server and server not in servers:
            self._check_address(server, "server")
        return Config(server, name, lang, notify, links, servers, keys, self._source)

    def _server(self, name: str, table: object) -> Server:
        where = ("servers", name)
        if not isinstance(table, dict):
            raise self._wrong("table", *where)
        if name in COMMANDS or not re.fullmatch(r"[^\s:/\-][^\s:/]*", name):
            raise BadConfig("config_bad_short_name", line_of(self._source, *where), name=one_line(name))
        for key in table:
            self._check_known((*where, key), Server._fields)
        if not isinstance(table.get("tls", False), bool):
            raise self._wrong("bool", *where, "tls")
        texts = {key: self._text(*where, key) for key in Server._fields if key != "tls"}
        self._check_address(texts["address"], *where, "address")
        for key in ("tls_ca", "password_file"):
            texts[key] = os.path.expanduser(texts[key])  # noqa: PTH111
        return Server(tls=table.get("tls", False), **texts)

    def _keys(self, action: str, value: object) -> Sequence[str]:
        keys = value if isinstance(value, list) else [value]
        texts = [key for key in keys if isinstance(key, str)]
        if len(texts) < len(keys):
            raise self._wrong("keys", "keys", action)
        return [key for key in texts if key]

    def _table(self, key: str) -> Mapping[str, Any]:
        table = self._tables.get(key, {})
        if not isinstance(table, dict):
            raise self._wrong("table", key)
        return table

    def _text(self, *keys: str) -> str:
        value: Any = self._tables
        for key in keys:
            value = value.get(key, "")
        if not isinstance(value, str):
            raise self._wrong("text", *keys)
        return value

    def _choice(self, key: str) -> str:
        value = self._tables.get(key, "")
        if value and value not in _CHOICES[key]:
            allowed = ", ".join(_CHOICES[key])
            raise BadConfig("config_choice", line_of(self._source, key), key=key, allowed=allowed)
        return self._text(key)

    def _check_address(self, address: str, *keys: str) -> None:
        try:
            parse_address(address)
        except BadAddress:
            raise self._wrong("address", *keys) from None

    def _check_known(self, keys: Sequence[str], known: Sequence[str]) -> None:
        if keys[-1] not in known:
            shown = one_line(".".join(keys))
            line = line_of(self._source, *keys)
            raise BadConfig("config_unknown", line, key=shown, known=", ".join(known))

    def _wrong(self, kind: str, *keys: str) -> BadConfig:
        """Return the error about a value that is not of its kind."""
        shown, line = one_line(".".join(keys)), line_of(self._source, *keys)
        return BadConfig(f"config_{kind}", line, key=shown)
