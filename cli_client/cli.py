"""The command line of the terminal client."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from prompt_toolkit.utils import is_dumb_terminal

from chat_protocol.address import parse_address
from chat_protocol.errors import BadAddress
from cli_client.pipe import Pipe
from cli_client.render import one_line
from cli_client.terminal import Terminal
from cli_client.words import Words, language


class _Parser(argparse.ArgumentParser):
    """A parser that speaks the user's language."""

    def __init__(self, words: Words) -> None:
        super().__init__(prog="oneroom", allow_abbrev=False)
        self._words = words

    def format_help(self) -> str:
        return self._words("usage")

    def error(self, message: str) -> NoReturn:
        complaint = self._words("bad_arguments", detail=one_line(message))
        self.exit(2, f"oneroom: {complaint}\n\n{self.format_help()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code.

    0: left in peace. 1: not everything was sent, or the room put us out. 2: bad
    arguments, or a name refused where nobody can be asked for another.
    """
    # The language comes first: even the complaint about the other arguments is in it.
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    early.add_argument("--lang", nargs="?")
    lang = early.parse_known_args(arguments)[0].lang
    words = Words(lang if lang in ("ru", "en") else language())

    # A value that is missing is complained about below: argparse knows only English.
    parser = _Parser(words)
    parser.add_argument("address", nargs="?", default="")
    parser.add_argument("--name", nargs="?", default=os.environ.get("ONEROOM_NAME", ""))
    parser.add_argument("--lang", nargs="?", default=words.lang)
    options, unknown = parser.parse_known_args(arguments)
    if options.name is None:
        unknown.append("--name")
    if options.lang != words.lang:
        unknown.append(f"--lang {options.lang or ''}")
    if unknown:
        parser.error(" ".join(unknown))
    try:
        address = parse_address(options.address)
    except BadAddress:
        parser.exit(2, f"oneroom: {words('bad_address', typed=one_line(options.address))}\n")

    name = one_line(options.name)
    if _is_terminal():
        return Terminal(address, name, words).run()
    if not name:
        parser.exit(2, f"oneroom: {words('pipe_name_needed')}\n")
    return Pipe(address, name, words).run()


def _is_terminal() -> bool:
    """Say whether a person sits at both ends, at a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and not is_dumb_terminal()
