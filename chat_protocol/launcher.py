"""Starts a program, or prints what to type if this Python cannot run it.

Needs only Python 3.7 and no library, since it has to run where the programs do not.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

_OLDEST = (3, 11)
_INTERRUPTED = 130  # as a shell says it of who is ended by SIGINT


def launcher(program: str, module: str) -> Callable[[], int]:
    """Return a function that imports `module`, runs its `main` and returns the exit status.

    If this Python is too old, or lacks a library or a module of its own, the function prints one
    sentence on stderr and exits with status 1. Any other error of the import is raised. Where Ctrl-C
    is not handled by the program, the status is 130.
    """

    def launch() -> int:
        if sys.version_info < _OLDEST:
            sys.exit(_too_old(program))
        try:
            cli = _load(program, module)
            status: int = cli.main()
        except KeyboardInterrupt:  # Ctrl-C at a question, or before the program takes it
            return _INTERRUPTED
        return status

    return launch


def _load(program: str, module: str) -> ModuleType:
    """Return the module; exit with one sentence if it lacks a library or a module of its own."""
    try:
        with loading():
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or "." in error.name:
            raise
        sys.exit(_missing(program, error.name))


@contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage while a block loads modules, and never look for any in what they are made of.

    Hardly any of it is garbage, and looking for it takes a tenth of the start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _too_old(program: str) -> str:
    oldest, this = (".".join(map(str, version[:2])) for version in (_OLDEST, sys.version_info))
    return (
        f"{program} needs Python {oldest} or newer, and this is {this}: type `make run PYTHON=python{oldest}`"
    )


def _missing(program: str, module: str) -> str:
    if module in sys.stdlib_module_names:
        return (
            f"{program} needs a complete Python on Linux or macOS, and this one has no module {module}: "
            "on Windows type `wsl make run`"
        )
    return (
        f"{program} needs the library {module}: type `make run`, which installs what it needs "
        f"and starts the room, or `pip install .` and then `{program}`"
    )
