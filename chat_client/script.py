"""What a bot needs that is a program: its arguments, and one sentence for what ends it."""

import inspect
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from chat_client.errors import ChatError, InternalError
from chat_protocol.errors import BadAddress
from chat_protocol.standard_streams import ArgumentParser

_INTERRUPTED = 130  # as a shell says it of who is ended by SIGINT


def run(main: Callable[..., object], *arguments: str) -> None:
    """Call `main` with the arguments of the command line; `arguments` are their names, as usage shows them.

    If it raises what is expected (the room is not reached, or has refused us; a file cannot be read), end the
    program with one sentence and status 1. Wrong arguments are status 2, Ctrl-C 130. SIGTERM raises
    `SystemExit`, so that `main` leaves the room as it ends.
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
    except InternalError:
        raise
    except (ChatError, BadAddress, OSError) as error:
        sys.exit(f"{program}: {_sentence(error)}")


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
