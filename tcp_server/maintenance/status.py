"""`oneroom-server status`: who is connected to the server that runs, and how to act on it."""

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from tcp_server.config import Config
from tcp_server.maintenance.command import Failed, command_parser, run, write
from tcp_server.operator_socket import Answer, Client, OperatorAct, Request, ask, socket_path

_HEADINGS = ("id", "seconds", "unread", "may say", "dialect", "address", "name")

_SAMPLE = 1.0
"""Seconds over which rates are measured."""


def status(arguments: Sequence[str]) -> int:
    """Ask the server, and print its answer. Returns the exit status."""
    parser = command_parser("status", "Show who is connected to the server that runs here, or act on it.")
    parser.add_argument("--socket", metavar="FILE", help="the socket (default: the one of the settings)")
    parser.add_argument("act", nargs="?", choices=get_args(OperatorAct), default="list", help="what to do")
    parser.add_argument("value", nargs="?", default="", help="whom to kick; which level to log")
    options = parser.parse_args(arguments)
    if options.act == "kick" and not options.value:
        parser.error("kick needs the name of whom to kick: kick NAME")
    return run(options, lambda config: _status(config, options), on_disk=False)


def _status(config: Config, options: Namespace) -> None:
    path = Path(options.socket) if options.socket else socket_path(config)
    if path is None:
        raise Failed(f"history is {config.history}, so there is no socket beside it: give --socket FILE")
    answer = _ask(path, Request(options.act, options.value))
    match options.act:
        case "list":
            time.sleep(_SAMPLE)
            write(_table(answer, _ask(path, Request("list"))))
        case "kick":
            write([f"connections ended: {answer.kicked}\n"])


def _ask(path: Path, request: Request) -> Answer:
    """Raises `Failed`."""
    try:
        answer = ask(path, request)
    except (OSError, msgspec.DecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Failed(f"no server answers at {path}: {why}") from error
    if answer.error:
        raise Failed(answer.error)
    return answer


def _table(before: Answer, now: Answer) -> Iterator[str]:
    state = f"not ready: {now.not_ready}" if now.not_ready else "ready"
    said = (now.messages - before.messages) / _SAMPLE
    sent = (now.deliveries - before.deliveries) / _SAMPLE
    yield f"{state}; connections: {len(now.clients)}; a second: {said:.0f} messages, {sent:.0f} writes\n"
    rows = [_HEADINGS, *map(_row, sorted(now.clients, key=lambda client: -client.seconds))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"


def _row(client: Client) -> tuple[str, ...]:
    left = "" if client.left is None else str(client.left)
    numbers = (str(client.id), f"{client.seconds:.0f}", str(client.waiting), left)
    return (*numbers, client.dialect, client.address, client.name)
