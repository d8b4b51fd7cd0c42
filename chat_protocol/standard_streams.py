"""Standard input, output and error as they may be: closed, full, or unable to show some letters."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
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


def print_or_exit(text: str, complaint: Callable[[str], str], *, only_once: bool = False) -> None:
    """Write all of a text to stdout, or end the program.

    If the text cannot be written, as on a full disk, print what `complaint` makes of the reason to stderr and
    exit with code 1. A reader that has gone (`| head`) and a closed stdout are errors only for a text that is
    shown `only_once`.
    """
    try:
        if sys.stdout is None:
            raise BrokenPipeError(errno.EBADF, "it is closed")
        sys.stdout.write(encodable(text, sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None  # or the flush at the end of the program would fail too
        if only_once or not isinstance(error, BrokenPipeError):
            print(complaint(error.strerror or str(error)), file=sys.stderr)
            raise SystemExit(1) from None


class ArgumentParser(argparse.ArgumentParser):
    """Prints help and errors on any stream, whatever its encoding; says so if stdout cannot be written."""

    def unwritable(self, reason: str) -> str:
        """Return what to say if stdout cannot be written."""
        return f"{self.prog}: cannot write to standard output: {reason}"

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is not None and file is sys.stdout:
            print_or_exit(message, self.unwritable)
        else:
            super()._print_message(encodable(message, file), file)
