"""Standard input, output and error as they may be: closed, full, or unable to show some letters."""

import argparse
import os
from typing import Any, Final, TextIO

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


def encodable(text: str, stream: TextIO | None) -> str:
    """Return a text with what the encoding of a stream cannot express as escape sequences."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class ArgumentParser(argparse.ArgumentParser):
    """Prints help and errors on any stream, whatever its encoding."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(encodable(message, file), file)
