"""Run the TCP server and the gateway together until Ctrl-C, or until one of them ends.

What `make run` does once everything is set up: `python tools/run.py SERVER_PORT GATEWAY_PORT [LAN]`.
With LAN, 1 or an address of this machine, the page is open to its network too.
It stops them in order: the gateway first, so that browsers are told that the gateway stops and not
that the room is gone.
"""

import os
import re
import signal
import socket
import subprocess
import sys

from tools.children import STOP_SIGNALS, Child, StopRequested, stop_on_signals
from tools.lan import Network, NoNetwork


class _Program:
    """One of the two programs, and the variable of the Makefile that sets its port."""

    def __init__(self, name: str, module: str, port: str, variable: str, default_port: str) -> None:
        self.name = name
        self.port = port
        self.variable = variable
        self.default_port = default_port
        self.is_ready = False
        self._child = Child(sys.executable, "-m", module, "--port", port)
        self.stop = self._child.stop

    @property
    def process(self) -> subprocess.Popen[str] | None:
        """Its process, once it is started."""
        return self._child.process

    def start(self, *arguments: str) -> str:
        """Start it; print and return the line that says where it serves, empty if it ended before."""
        self._child.start(*arguments)
        line = self._child.read_line()
        self.is_ready = line != ""
        print(line, end="", flush=True)
        return line


def _first_to_end(*programs: _Program) -> _Program:
    """Wait until one of the programs ends, and return it."""
    pid, status = os.wait()
    for program in programs:
        if program.process is not None and program.process.pid == pid:
            program.process.returncode = os.waitstatus_to_exitcode(status)
            return program
    raise AssertionError("this process has no other children")


def _is_free(port: int) -> bool:
    try:
        for host in ("", "127.0.0.1"):  # macOS lets a program have one beside the other
            socket.create_server((host, port)).close()
    except OSError:
        return False
    return True


def _free_port(port: str) -> str:
    """Return the port itself, or the next free one if it is taken."""
    if not port.isdecimal():
        return port
    return next((str(free) for free in range(int(port), 65536) if _is_free(free)), port)


def _with_free_ports(*programs: _Program) -> str:
    """Return the command that starts both with free ports; empty if none of their ports is taken."""
    ports = [program.port if program.is_ready else _free_port(program.port) for program in programs]
    if ports == [program.port for program in programs]:
        return ""
    return "make run" + "".join(
        f" {program.variable}={port}"
        for program, port in zip(programs, ports, strict=True)
        if port != program.default_port
    )


def main(server_port: str, gateway_port: str, lan: str = "") -> int:
    """Return 0 when asked to stop, 1 when one of the two ended by itself, 2 if there is no such network."""
    try:
        network = Network(lan, gateway_port) if lan not in ("", "0") else None
    except NoNetwork as error:
        print(f"make run {error}", file=sys.stderr)
        return 2
    stop_on_signals()
    for program in ("SERVER", "WEB"):  # who tries it out reads the pages, not who comes and goes
        os.environ.setdefault(f"ONEROOM_{program}_LOG_LEVEL", "warning")
    server = _Program("TCP server", "tcp_server", server_port, "PORT", "8080")
    page_port = network.gateway_port if network else gateway_port
    gateway = _Program("gateway", "web_gateway", page_port, "WEB_PORT", "5000")
    try:
        line = server.start()
        if found := re.search(r":(\d+)(?!\S)", line):
            flags = network.gateway_flags(int(found[1])) if network else []
            line = gateway.start("--server", f"127.0.0.1:{found[1]}", *flags)
            if url := re.search(r"http://\S+:(\d+)", line):
                print(f"Open http://localhost:{url[1]}", flush=True)
                if network:
                    print(network.invitation(int(found[1])), flush=True)
        ended = _first_to_end(server, gateway)
        assert ended.process is not None
        print(
            f"The {ended.name} has ended with exit code {ended.process.returncode}; stopping.",
            file=sys.stderr,
        )
        if not ended.is_ready and (command := _with_free_ports(server, gateway)):
            print(f"With another port: {command}", file=sys.stderr)
    except StopRequested:
        return 0
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        gateway.stop()
        server.stop()
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
