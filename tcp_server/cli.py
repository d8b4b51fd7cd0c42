"""The server's command line."""

import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from chat_protocol import standard_streams
from chat_protocol.address import parse_address
from chat_protocol.announcement import announce
from chat_protocol.listener import listen
from chat_protocol.log_event import INFO, WARNING, log_event
from chat_protocol.log_output import log_to_stderr
from chat_protocol.metrics import exposition
from chat_protocol.reload import has_terminal, read_again
from chat_protocol.service_manager import notify
from chat_protocol.settings import BadConfig
from chat_protocol.stacks import log_stacks
from chat_protocol.status_server import StatusServer
from chat_protocol.version import version
from tcp_server.cluster.opening import open_stream
from tcp_server.cluster.stream import Unfit
from tcp_server.config import CHANGEABLE, Config, load
from tcp_server.log.log_file import BadHistory
from tcp_server.maintenance.backup import backup, restore
from tcp_server.maintenance.check import check, compact
from tcp_server.maintenance.export import export
from tcp_server.maintenance.replay import replay
from tcp_server.maintenance.status import status
from tcp_server.operator_socket import OperatorSocket, socket_path
from tcp_server.room.reserved_names import ReservedNames
from tcp_server.server import ChatServer

_STACK = 256 * 1024
"""Bytes of address space for each thread's stack; pages that are not used cost no memory."""

_SWITCH = 0.1
"""Python's thread switch interval, in seconds.

At the default of 0.005, when 5,000 clients leave at once, waiting threads keep the processors busy
and SIGTERM is not handled for many seconds; latency at 200 messages/s is the same with either.
"""

_RESERVED = 32
"""Descriptors reserved for other uses than connections."""

_COMMANDS = {
    "export": export,
    "backup": backup,
    "restore": restore,
    "check": check,
    "compact": compact,
    "replay": replay,
    "status": status,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is stopped, or a command that looks after its log. Returns the exit status."""
    standard_streams.reserve()
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and (command := _COMMANDS.get(arguments[0])):
        return command(arguments[1:])
    try:
        log_to_stderr()
        config = _load(arguments)
        log_to_stderr(config.log_level, config.log_format)
        listener = listen(*parse_address(config.status), "--status") if config.status else None
        server = _start(config, lambda: _load(arguments))
    except (BadConfig, BadHistory, Unfit, OSError, RuntimeError) as error:
        print(f"oneroom-server: {_explain(error)}", file=sys.stderr)
        return 2 if isinstance(error, BadConfig) else 1
    # Everything allocated so far is permanent: keep the garbage collector away from it.
    gc.collect()
    gc.freeze()
    with _status(listener, server), _operator_socket(server):
        addresses = " and ".join(map(str, server.addresses))
        log_event(INFO, "started", version=version(), listening=addresses, settings=server.config.changed())
        notify("READY=1")
        announce(f"Oneroom server: {addresses}{_open_to(addresses)}")
        server.serve()
    if server.must_restart:
        port = str(server.addresses[0].port)  # those who are to come back know this one
        os.execv(sys.executable, [*sys.orig_argv, "--port", port])  # noqa: S606 - the program itself
    return server.exit_status


def _load(arguments: Sequence[str]) -> Config:
    """Load the settings, and check what only the room can. Raises `BadConfig`."""
    config = load(arguments)
    ReservedNames(config.reserve, config.max_name)
    return config


@contextmanager
def _status(listener: socket.socket | None, server: ChatServer) -> Iterator[None]:
    """Say how the server is during the block, where it has been told to."""
    if listener is None:
        yield
        return
    status = StatusServer(
        listener, server.not_ready, exposition(server.metrics.read), {"/journalz": server.deaf}
    )
    status.start()
    log_event(INFO, "status served", listening=str(status.address))
    try:
        yield
    finally:
        status.close()


@contextmanager
def _operator_socket(server: ChatServer) -> Iterator[None]:
    """Let whoever runs the server act on it during the block, where there is a place for the socket."""
    path = socket_path(server.config)
    try:
        operator = OperatorSocket(path, server.operator.answer) if path else None
    except OSError as error:
        log_event(WARNING, "no operator socket", path=str(path), error=error.strerror or error)
        operator = None
    if operator is None:
        yield
        return
    operator.start()
    try:
        yield
    finally:
        operator.close()


def _start(config: Config, reload: Callable[[], Config]) -> ChatServer:
    """Set this process up and return its server, which can `reload` its settings. Raises as `ChatServer`."""
    signal.signal(signal.SIGUSR1, lambda *_: log_stacks())
    for unused in (signal.SIGUSR2, signal.SIGQUIT):  # sent by mistake, they would end it at once
        signal.signal(unused, signal.SIG_IGN)
    threading.stack_size(_STACK)
    sys.setswitchinterval(_SWITCH)
    stream = open_stream(config.cluster) if config.cluster else None
    server = ChatServer(_within_limits(config), stream)
    # A program that was started by `nohup` goes on when its terminal is closed.
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    ends = not is_kept and has_terminal()
    server.stop_on(signal.SIGINT, signal.SIGTERM, *[signal.SIGHUP] if ends else [])
    if not (is_kept or ends):
        _read_again_on_hup(server, config, reload)
    return server


def _read_again_on_hup(server: ChatServer, config: Config, reload: Callable[[], Config]) -> None:
    def read() -> None:
        nonlocal config
        new = read_again(reload, config, CHANGEABLE)
        try:
            server.use(new)
        except BadHistory as error:
            log_event(WARNING, "settings kept", error=error)
        else:
            config = new
            log_to_stderr(new.log_level)

    server.call_on(signal.SIGHUP, read)


def _explain(error: Exception) -> str:
    """Return why the server cannot start. Raises the error if it is a mistake of the program."""
    if isinstance(error, RuntimeError):
        if "thread" not in str(error):
            raise error
        return f"{error}: this user may have no more processes and threads (see ulimit -u)"
    return str(error)


def _within_limits(config: Config) -> Config:
    """Raise the descriptor limit as far as allowed, and lower `max_connections` to fit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.max_connections + _RESERVED if config.max_connections else hard
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (OSError, ValueError):
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit >= wanted:
        return config
    lowered = config.replace(max_connections=max(1, limit - _RESERVED))
    log_event(
        WARNING,
        "fewer connections: the limit on descriptors is too low (ulimit -n)",
        descriptors=limit,
        max_connections=lowered.max_connections,
        wanted=config.max_connections or None,
    )
    return lowered


def _open_to(addresses: str) -> str:
    is_open = "0.0.0.0" in addresses or "[::]" in addresses
    return " (open to the whole network; --host 127.0.0.1 keeps it local)" if is_open else ""
