"""Run the TCP server and the gateway together until Ctrl-C, or until one of them ends.

What `make run` does once everything is set up:
`python tools/run.py SERVER_PORT GATEWAY_PORT`. Both programs run in sessions of
their own, so that a Ctrl-C reaches only this one, which then ends them in order:
the gateway first, so that browsers are told that it goes and not that the room did.
"""

import re
import signal
import subprocess
import sys
from types import FrameType

_GRACE = 10.0  # seconds a program has to end before it is killed


class _Asked(Exception):
    """Somebody wants us to stop: Ctrl-C or SIGTERM."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Asked


def _start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def _announced(program: subprocess.Popen[str]) -> str:
    """Wait for the line that says where the program serves, and pass it on; empty if it ended."""
    assert program.stdout is not None
    line = program.stdout.readline()
    print(line, end="", flush=True)
    return line


def _first_to_end(programs: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    while True:
        for program in programs:
            try:
                program.wait(0.25)
            except subprocess.TimeoutExpired:
                continue
            return program


def _end(program: subprocess.Popen[str]) -> None:
    program.terminate()
    try:
        program.wait(_GRACE)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    assert program.stdout is not None
    program.stdout.close()


def main(server_port: str, gateway_port: str) -> int:
    """Return 0 when asked to stop, 1 when one of the two ended by itself."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    programs = []
    try:
        server = _start("tcp_server", "--port", server_port)
        programs.append(server)
        port = re.search(r":(\d+)(?!\S)", _announced(server))
        if port:
            gateway = _start("web_gateway", "--port", gateway_port, "--server", f"127.0.0.1:{port[1]}")
            programs.append(gateway)
            _announced(gateway)
        ended = _first_to_end(programs)
        name = "TCP server" if ended is server else "gateway"
        print(f"The {name} has ended with exit code {ended.returncode}; stopping.", file=sys.stderr)
    except _Asked:
        return 0
    else:
        return 1
    finally:
        for program in reversed(programs):
            _end(program)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
