"""The command line of the terminal client."""

import argparse
import os
import re
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

from prompt_toolkit.utils import is_dumb_terminal

from chat_client.identity import IdentityStore
from chat_protocol.address import Address, parse_address
from chat_protocol.contract import DEFAULT_PORT
from chat_protocol.errors import BadAddress, BadTls
from chat_protocol.standard_streams import ArgumentParser, encodable, reserve
from chat_protocol.text import one_line
from chat_protocol.tls import Tls
from chat_protocol.version import version
from cli_client.pipe import Pipe, PipeOptions
from cli_client.terminal import Terminal
from cli_client.translations import Translations, system_language

_TLS_PORT: Final = 6697
"""Where docs/tls.md puts the room behind TLS."""


class _Parser(ArgumentParser):
    """An argument parser with help and errors in the user's language."""

    def __init__(self, texts: Translations) -> None:
        super().__init__(prog="oneroom", allow_abbrev=False)
        self._texts = texts

    def format_help(self) -> str:
        return self._texts("usage")

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Parse the arguments; exit with code 2 and an explanation if they are wrong."""
        # A missing value is checked here: argparse would report it in English. An empty one
        # too: `--tls-pin "$UNSET"` must not mean "without a pin".
        self.add_argument("address", nargs="?", type=lambda typed: typed or None)
        for option in ("--name", "--password-file", "--tls-ca", "--tls-pin", "--timeout", "--lang"):
            self.add_argument(option, nargs="?", const="")
        for flag in ("--tls", "--as-typed", "--follow", "--or-similar"):
            self.add_argument(flag, action="store_true")
        self.add_argument("-4", dest="family", action="store_const", const=socket.AF_INET)
        self.add_argument("-6", dest="family", action="store_const", const=socket.AF_INET6)
        self.set_defaults(
            name=os.environ.get("ONEROOM_NAME") or None, lang=self._texts.lang, family=socket.AF_UNSPEC
        )
        self.add_argument("--version", action="version", version=f"oneroom {version()}")
        options, unknown = self.parse_known_args(arguments)
        unknown += [f"--{key.replace('_', '-')}" for key, value in vars(options).items() if value == ""]
        if options.lang not in ("", self._texts.lang):
            unknown.append(f"--lang {options.lang}")
        if unknown:
            self.error(" ".join(unknown))
        return options

    def error(self, message: str) -> NoReturn:
        text = self._texts("bad_arguments", detail=one_line(message))
        self.exit(2, f"oneroom: {text}\n\n{self.format_help()}")

    def exit_with(self, error: str) -> NoReturn:
        """Print an error and exit with code 2."""
        self.exit(2, f"oneroom: {error}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code, as in `--help`."""
    reserve()
    # The language is parsed first: errors in the other arguments are explained in it.
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    early.add_argument("--lang", nargs="?")
    lang = early.parse_known_args(arguments)[0].lang
    if lang not in ("ru", "en"):
        lang = system_language() if encodable("я", sys.stdout) == "я" else "en"
    texts = Translations(lang)

    parser = _Parser(texts)
    options = parser.parse(arguments)
    try:
        address = parse_address(options.address or "")
    except BadAddress:
        typed, instead = one_line(options.address), _instead_of_url(options.address)
        parser.exit_with(texts("bad_url" if instead else "bad_address", typed=typed, instead=instead))
    try:
        secure = options.tls or options.tls_ca or options.tls_pin
        tls = Tls(options.tls_ca or "", options.tls_pin or "") if secure else None
    except BadTls as error:
        cause = error.__cause__  # None for a bad fingerprint
        parser.exit_with(_file_error(texts, "--tls-ca", options.tls_ca, cause) if cause else texts("bad_pin"))
    try:
        password = _read_password(options.password_file)
    except (OSError, ValueError) as error:
        parser.exit_with(_file_error(texts, "--password-file", options.password_file, error))

    identities = IdentityStore(address, tls=tls is not None)
    name = one_line(options.name or "") or identities.last_name()
    timeout = _parse_timeout(options.timeout)
    if timeout is not None and not timeout > 0:
        parser.error(f"--timeout {options.timeout}")
    if _is_terminal() and not options.follow:
        return Terminal(
            address,
            name,
            texts,
            password=password,
            tls=tls,
            family=options.family,
            identities=identities,
            as_typed=options.as_typed,
        ).run()
    if not name:
        parser.exit_with(texts("pipe_name_needed"))
    pipe_options = PipeOptions(options.follow, timeout, options.or_similar)
    return Pipe(
        address,
        name,
        texts,
        password=password,
        tls=tls,
        family=options.family,
        identities=identities,
        options=pipe_options,
    ).run()


def _instead_of_url(typed: str) -> str:
    """Return what to type instead of the address of a page; empty if it is none."""
    if "/" not in typed:
        return ""
    try:
        url = urlsplit(typed if "://" in typed else f"//{typed}")
    except ValueError:
        return ""
    if not url.hostname:
        return ""
    host = one_line(url.hostname)
    if url.scheme in ("https", "wss"):
        return f"oneroom {Address(host, _TLS_PORT)} --tls"
    return f"oneroom {Address(host, DEFAULT_PORT)}"


def _file_error(texts: Translations, option: str, path: str, error: BaseException) -> str:
    match error:
        case FileNotFoundError():
            reason = "file_missing"
        case PermissionError():
            reason = "file_forbidden"
        case UnicodeError():
            reason = "file_no_text"
        case ssl.SSLError():
            reason = "file_no_certificates"
        case _:
            reason = "file_other"
    return texts("bad_file", option=option, path=one_line(path), reason=texts(reason))


def _read_password(path: str | None) -> str:
    """Return the room's password, empty if none is set. Not from an argument, which all users could see."""
    if path:
        return Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")
    return os.environ.get("ONEROOM_PASSWORD", "")


def _parse_timeout(typed: str | None) -> float | None:
    """Return a number of seconds; 0 if it is none."""
    if typed is None:
        return None
    return float(typed) if re.fullmatch(r"\d{1,9}(\.\d+)?", typed, re.ASCII) else 0.0


def _is_terminal() -> bool:
    """Return whether stdin and stdout are a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and not is_dumb_terminal()
