"""What a run must not depend on: how it was started, and what the user's environment holds."""

import atexit
import os
import re
import shutil
import signal
import tempfile
from itertools import count

# Settings of our own programs; what sets up the tests themselves (ONEROOM_NO_SKIP and its like) stays.
_FOREIGN = re.compile(
    r"ONEROOM_(SERVER|WEB)_.*|ONEROOM_(NAME|NOTIFY|LINKS|PASSWORD)|(?i:\w+_proxy)|LC_.*|LANGUAGE"
    r"|TMUX|TMUX_PANE|STY|VTE_VERSION|XTERM_VERSION|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|MAKEFLAGS|MFLAGS|MAKELEVEL|PYTHON(UTF8|WARNINGS|UNBUFFERED|IOENCODING)"
)
_STATE = tempfile.mkdtemp(prefix="oneroom-state-")
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)
_numbers = count()
settled: dict[str, str] = {}
"""The environment in which each test begins."""
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


def settle() -> None:
    """Make this process, and so every program a test starts, alike in a terminal, in CI and under cron.

    Signals that are ignored or blocked here (`make test &`, nohup) would be so in the programs
    too; a handler, even one that does nothing, is not inherited by them.
    """
    for number in _INHERITED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    for name in [name for name in os.environ if _FOREIGN.fullmatch(name)]:
        del os.environ[name]
    os.environ |= {
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        # Two servers cannot share the default file, and no test may write into anybody's own.
        "ONEROOM_SERVER_HISTORY": "memory",
        # Most tests talk faster than people; those of the rates set their own.
        "ONEROOM_SERVER_RATE": "0",
        # What goes wrong, in the same form with and without structlog; tests of the log set their own.
        "ONEROOM_SERVER_LOG_LEVEL": "warning",
        "ONEROOM_SERVER_LOG_FORMAT": "text",
        "ONEROOM_WEB_LOG_LEVEL": "warning",
        "ONEROOM_WEB_LOG_FORMAT": "text",
        # Not the settings of this machine.
        "ONEROOM_CONFIG_FOLDER": _STATE,
        "XDG_CONFIG_HOME": _STATE,
    }
    forget_identities()
    settled.update(os.environ)


def forget_identities() -> None:
    """Let the programs of the next test keep their state in a folder of their own, which they make."""
    os.environ["XDG_STATE_HOME"] = f"{_STATE}/{next(_numbers)}"
