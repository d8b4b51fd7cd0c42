"""Runs a bot as a program: reads its arguments, and says in one sentence why it ends."""

import inspect
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from chat_client.errors import ChatError, InternalError
from chat_protocol.errors import BadAddress
from chat_protocol.standard_streams import ArgumentParser

_INTERRUPTED = 130  # the status that shells give a program ended by SIGINT


def run(main: Callable[..., object], *arguments: str) -> None:
    """Call `main` with the arguments of the command line; `arguments` are their names, as usage shows them.

    An error that is expected (the room cannot be reached or has refused us, a file cannot be read) ends the
    program with one sentence and status 1. Wrong arguments end it with status 2, Ctrl-C with 130. SIGTERM
    raises `SystemExit`, so that `main` leaves the room as it ends. For the main thread only.
    """
    program = Path(sys.argv[0]).name
    parser = ArgumentParser(prog=program, description=inspect.getdoc(inspect.getmodule(main)))
    for name in arguments:
        parser.add_argument(name)
    values = vars(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        main(*(values[name] for name in arguments))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except InternalError:  # its traceback says where the fault of this package is
        raise
    except (ChatError, BadAddress, OSError) as error:
        sys.exit(f"{program}: {_sentence(error)}")


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
