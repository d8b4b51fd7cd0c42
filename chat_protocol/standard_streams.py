"""Standard input, output and error as they may be: closed, full, or unable to show some letters."""

import argparse
import logging
import os
import sys
from typing import Any, Final, TextIO

_log = logging.getLogger(__name__)

_COUNT: Final = 3
"""Standard streams, whose descriptors are the first ones."""


def reserve() -> None:
    """Open /dev/null in place of standard streams that are closed. Call before anything is opened.

    Otherwise the next file or socket would get the descriptor of one, and also what is written to it.
    """
    for descriptor in range(_COUNT):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor


def announce(line: str) -> None:
    """Print a line on standard output; where nobody can read it, log it instead."""
    why = "it is closed" if sys.stdout is None else ""
    try:
        print(line, flush=True)
    except OSError as error:
        why = str(error.strerror)
        sys.stdout = None  # or the flush at the end of the program would fail again
    if why:
        _log.warning("standard output cannot be written (%s): %s", why, line)


def encodable(text: str, stream: TextIO | None) -> str:
    """Return a text with what the encoding of a stream cannot express as escape sequences."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class ArgumentParser(argparse.ArgumentParser):
    """Prints help and errors on any stream, whatever its encoding."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(encodable(message, file), file)
