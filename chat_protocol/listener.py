"""Opens a listening TCP socket, or says which process uses the port already."""

import errno
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from chat_protocol.address import Address
from chat_protocol.errors import CannotListen
from chat_protocol.text import one_line

_BACKLOG: Final = 1024
"""Connections that the kernel holds until they are accepted."""

_MAX_COMMAND: Final = 80
"""Characters shown of another program's command line."""


def listen(host: str, port: int, setting: str = "--port") -> socket.socket:
    """Return a listening socket; port 0 picks a free one. Raises `CannotListen`, which says why.

    `setting` is the flag that an error names, with which another port is chosen.

    A name that has addresses of both kinds means the IPv4 one; `::` listens for IPv4 too. The
    socket has SO_REUSEADDR: a restart does not wait for old connections to time out.
    """
    return listen_on_all([host], port, setting)[0]


def listen_on_all(hosts: Iterable[str], port: int, setting: str = "--port") -> list[socket.socket]:
    """Do as `listen` for several hosts, all with the same port.

    Those that another one includes, as `0.0.0.0` and `::` do, are left out.
    """
    addresses = list(dict.fromkeys(_resolve(host, port) for host in hosts))
    if "::" in addresses:
        addresses = ["::"]
    elif "0.0.0.0" in addresses:
        addresses = [address for address in addresses if address == "0.0.0.0" or ":" in address]
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            listeners.append(_bind(address, port, setting))
            port = listeners[0].getsockname()[1]
    except CannotListen:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _resolve(host: str, port: int) -> str:
    """Return the address of a host. Raises `CannotListen`."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:  # the latter for labels that no host name can have
        why = getattr(error, "strerror", "not a host name")
        raise CannotListen(f"cannot listen on {Address(host, port)}: {why}") from error
    *_, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return str(address[0])


def _bind(address: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens on an IP address. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    both = address == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((address, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"{_owner(port) or 'another program'} listens there; choose another port with {setting}"
            if sys.platform == "darwin" and port == 5000:
                why += " or turn off AirPlay Receiver in the system settings"
        else:
            why = (error.strerror or str(error)).partition(" (while")[0]
        raise CannotListen(f"cannot listen on {Address(address, port)}: {why}") from error


def _owner(port: int) -> str:
    """Describe the process that listens on a port; empty if it is not known.

    Reads /proc: works on Linux, for other users' processes only as root.
    """
    sockets = set(_listening_sockets(port))
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        with suppress(OSError):
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                program, *arguments = (process / "cmdline").read_text(errors="replace").split("\0")
                command = one_line(" ".join([Path(program).name, *arguments]))
                return f"process {process.name} ({command[:_MAX_COMMAND]})"
    return ""


def _listening_sockets(port: int) -> Iterator[str]:
    """Yield the sockets that listen on a port, as links in /proc/PID/fd name them."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()  # proc(5): 1 is the local address, 3 the state, 9 the inode
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{fields[9]}]"
