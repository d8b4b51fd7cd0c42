"""The command line of the terminal client."""

import argparse
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from prompt_toolkit.utils import is_dumb_terminal

from chat_protocol.address import parse_address
from chat_protocol.errors import BadAddress, BadTls
from chat_protocol.text import one_line
from chat_protocol.tls import Tls
from chat_protocol.version import version
from cli_client.pipe import Pipe
from cli_client.terminal import Terminal
from cli_client.words import Words, language


class _Parser(argparse.ArgumentParser):
    """A parser that speaks the user's language."""

    def __init__(self, words: Words) -> None:
        super().__init__(prog="oneroom", allow_abbrev=False)
        self._words = words

    def format_help(self) -> str:
        return self._words("usage")

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Read the arguments; whatever is wrong with them is said in the user's language."""
        # A value that is missing is complained about here: argparse knows only English. An
        # empty one too: `--tls-pin "$UNSET"` must not pass for a wish to go without.
        self.add_argument("address", nargs="?", type=lambda typed: typed or None)
        for option in ("--name", "--password-file", "--tls-ca", "--tls-pin", "--lang"):
            self.add_argument(option, nargs="?", const="")
        self.set_defaults(name=os.environ.get("ONEROOM_NAME") or None, lang=self._words.lang)
        self.add_argument("--tls", action="store_true")
        self.add_argument("--version", action="version", version=f"oneroom {version()}")
        options, unknown = self.parse_known_args(arguments)
        unknown += [f"--{key.replace('_', '-')}" for key, value in vars(options).items() if value == ""]
        if options.lang not in ("", self._words.lang):
            unknown.append(f"--lang {options.lang}")
        if unknown:
            self.error(" ".join(unknown))
        return options

    def error(self, message: str) -> NoReturn:
        complaint = self._words("bad_arguments", detail=one_line(message))
        self.exit(2, f"oneroom: {complaint}\n\n{self.format_help()}")

    def refuse(self, complaint: str) -> NoReturn:
        """End the program, saying what is wrong with the arguments."""
        self.exit(2, f"oneroom: {complaint}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code.

    0: left in peace. 1: not everything was sent, or the room put us out. 2: bad
    arguments, or a name or password refused where nobody can be asked for another.
    """
    # The language comes first: even the complaint about the other arguments is in it.
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    early.add_argument("--lang", nargs="?")
    lang = early.parse_known_args(arguments)[0].lang
    words = Words(lang if lang in ("ru", "en") else language())

    parser = _Parser(words)
    options = parser.parse(arguments)
    try:
        address = parse_address(options.address or "")
    except BadAddress:
        parser.refuse(words("bad_address", typed=one_line(options.address)))
    try:
        secure = options.tls or options.tls_ca or options.tls_pin
        tls = Tls(options.tls_ca or "", options.tls_pin or "") if secure else None
    except BadTls as error:
        cause = error.__cause__  # a fingerprint has none
        parser.refuse(_file_error(words, "--tls-ca", options.tls_ca, cause) if cause else words("bad_pin"))
    try:
        password = _password(options.password_file)
    except (OSError, ValueError) as error:
        parser.refuse(_file_error(words, "--password-file", options.password_file, error))

    name = one_line(options.name or "")
    if _is_terminal():
        return Terminal(address, name, words, password=password, tls=tls).run()
    if not name:
        parser.refuse(words("pipe_name_needed"))
    return Pipe(address, name, words, password=password, tls=tls).run()


def _file_error(words: Words, option: str, path: str, error: BaseException) -> str:
    """Say in the user's language why a file is of no use."""
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
    return words("bad_file", option=option, path=one_line(path), reason=words(reason))


def _password(path: str | None) -> str:
    """Return the room's password, empty if none is set. Never an argument: all see those."""
    if path:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    return os.environ.get("ONEROOM_PASSWORD", "")


def _is_terminal() -> bool:
    """Say whether a person sits at both ends, at a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and not is_dumb_terminal()
