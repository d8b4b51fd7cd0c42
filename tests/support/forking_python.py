"""A Python that has imported one of our programs, and forks to start it; see `forks.py`.

Its argument is the program's module. Its standard input is a socket. A message is a start: the arguments
and the environment, and with them three descriptors: the standard output and error of the new process,
and a pipe on which this one says its process id and, when it has ended, its exit code. If the output is
a terminal, the new process has it as its input too, and is controlled by it.
"""

import atexit
import fcntl
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]

# What a program imports only when it needs it.
_LATER = {
    "tcp_server": ("encodings.idna",),
    "web_gateway": ("encodings.idna",),
    "cli_client": ("encodings.idna", "cli_client.terminal", "cli_client.english", "cli_client.russian"),
}


def _serve(control: socket.socket) -> list[int] | None:
    """Fork at each message; return None at the end of the connection, when all have ended.

    In a new process, return the descriptors of its output, once its arguments and environment are set.
    """
    events = select.poll()
    events.register(control, select.POLLIN)
    running: dict[int, tuple[int, int]] = {}  # by the descriptor of each process: its id, and the pipe
    while True:
        for descriptor, _ in events.poll():
            if descriptor in running:
                pid, pipe = running.pop(descriptor)
                events.unregister(descriptor)
                os.write(pipe, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(pipe)
                os.close(descriptor)
                continue
            message, received, *_ = socket.recv_fds(control, 2**20, 3)
            if not message:
                for pid, _ in running.values():
                    os.kill(pid, signal.SIGKILL)
                return None
            pid = os.fork()
            if not pid:
                arguments, environment = json.loads(message)
                sys.argv[1:] = arguments
                os.environ.clear()
                os.environ.update(environment)
                return received[:2]
            *output, pipe = received
            for stream in output:
                os.close(stream)
            os.write(pipe, b"%d\n" % pid)
            process = os.pidfd_open(pid)
            events.register(process, select.POLLIN)
            running[process] = pid, pipe


def _bundled_page() -> Any:
    """Return the page's files as a wheel has them, or None without esbuild."""
    hatch_build = importlib.import_module("hatch_build")
    if not hatch_build.esbuild(_ROOT).exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        hatch_build.bundle(_ROOT, Path(folder))
        return importlib.import_module("web_gateway.assets").Assets(Path(folder), _ROOT / "templates")


def _leave_modules() -> None:
    """Keep what is imported as it is: to take it apart would write to all memory that is shared."""
    kept: list[Any] = list(sys.modules.values())
    kept.append(kept)
    gc.freeze()  # the collector does not see that nothing else refers to it
    for name in [name for name in sys.modules if name not in ("sys", "builtins")]:
        del sys.modules[name]


def main() -> int:
    """Serve; in each new process, run the program and return its exit status."""
    module = sys.argv[1]
    for name in (f"{module}.cli", *_LATER[module]):
        importlib.import_module(name)
    program = importlib.import_module(f"{module}.__main__")
    app: Any = None
    page = None
    if module == "web_gateway":
        app = importlib.import_module("web_gateway.app")
        app.assets()
        page = _bundled_page()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # after Ctrl-C, this process ends when its socket is closed
    gc.freeze()  # or a collection in a new process would write to all that it shares with this one
    control = socket.socket(fileno=os.dup(0))
    output = _serve(control)
    control.detach()
    if output is None:
        return 0
    if os.isatty(output[0]):
        os.setsid()
        fcntl.ioctl(output[0], termios.TIOCSCTTY, 0)
        assert isinstance(sys.stdout, io.TextIOWrapper)
        sys.stdout.reconfigure(line_buffering=True)
        os.dup2(output[0], 0)
    else:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(output, 1):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    time.tzset()
    if page and "ONEROOM_BUNDLED_PAGE" in os.environ:
        app.assets = lambda: page
    sys.argv[0] = str(program.__file__)
    sys.orig_argv = [sys.executable, "-m", module, *sys.argv[1:]]  # with which a server starts itself again
    atexit.register(_leave_modules)  # the first is called last
    status: int = program.main()
    return status


if __name__ == "__main__":
    raise SystemExit(main())
