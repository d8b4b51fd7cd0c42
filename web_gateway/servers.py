"""The servers of the room: a connection goes to any of them that answers."""

import random
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple, TypeVar

from chat_protocol.address import Address
from chat_protocol.connection import Connection, unreachable
from chat_protocol.errors import Banned, ConnectionFailed, RoomFull
from chat_protocol.happy_eyeballs import AddressInfo, connect_to_any
from chat_protocol.log_event import INFO, WARNING, log_event

REST: Final = 5.0
"""Seconds for which an address that has failed is tried last."""

C = TypeVar("C", bound=Connection)

_Key = tuple[object, ...]  # what a socket connects to; for a name that is not found, the server alone


class _Candidate(NamedTuple):
    """An address of a server; a name may have several."""

    server: Address
    info: AddressInfo


_Candidates = dict[_Key, _Candidate]


class Servers:
    """Opens connections to the room, at any of its servers. Any thread.

    They are tried in random order, those that have failed lately last. Logs when one is lost, and when it
    is back.
    """

    def __init__(self, addresses: Sequence[Address]) -> None:
        """At least one address."""
        self._addresses = addresses
        self._lock = threading.Lock()  # a leaf; guards the two below
        self._resting: dict[_Key, float] = {}  # those that have failed: until when, monotonic
        self._lost: dict[Address, float] = {}  # servers of which no address answers: since when, monotonic

    def open(self, begin: Callable[[socket.socket, Address, float], C], timeout: float) -> C:
        """Return what `begin` makes of a connected socket, its server, and a deadline (monotonic).

        If `begin` fails, it closes the socket, and the next address is tried. All within `timeout` seconds,
        besides the time to look names up. Raises `ConnectionFailed`: `RoomFull` if one that answers is full
        and no other is better, `Banned` as soon as one says so.
        """
        deadline = monotonic() + timeout
        failures: list[ConnectionFailed] = []
        candidates = self._candidates(failures)

        def fail(info: AddressInfo, error: OSError) -> None:
            server, _ = candidates.pop(tuple(info[4]))
            failures.append(unreachable(server, error))
            self._fail(tuple(info[4]), server, failures[-1], candidates)

        while candidates:
            try:
                sock, info = connect_to_any([one.info for one in candidates.values()], deadline, fail)
            except OSError as error:
                failures += [unreachable(server, error) for server, _ in candidates.values()]
                break
            key = tuple(info[4])
            server, _ = candidates.pop(key)
            seconds = max(0.001, deadline - monotonic()) / (1 + len(candidates))
            sock.settimeout(seconds)
            try:
                connection = begin(sock, server, monotonic() + seconds)
            except (Banned, RoomFull) as refusal:
                self._succeed(key, server)
                if isinstance(refusal, Banned):
                    raise
                failures.insert(0, refusal)
            except ConnectionFailed as failure:
                failures.append(failure)
                self._fail(key, server, failure, candidates)
            else:
                self._succeed(key, server)
                return connection
        raise failures[0] if isinstance(failures[0], RoomFull) else failures[-1]

    def _candidates(self, failures: list[ConnectionFailed]) -> _Candidates:
        """Look up all addresses; return them in the order in which to try them."""
        now = monotonic()
        with self._lock:
            resting = {key for key, until in self._resting.items() if until > now}
        found: _Candidates = {}
        servers = [one for one in self._addresses if (one,) not in resting] or self._addresses
        for server in random.sample(servers, len(servers)):
            try:
                infos = socket.getaddrinfo(*server, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                failures.append(unreachable(server, error))
                self._fail((server,), server, failures[-1], found)
                continue
            random.shuffle(infos)
            for info in infos:
                found.setdefault(tuple(info[4]), _Candidate(server, info))
        return dict(sorted(found.items(), key=lambda one: one[0] in resting))

    def _fail(
        self, key: _Key, server: Address, error: ConnectionFailed, left: Mapping[_Key, _Candidate]
    ) -> None:
        """Note that an address has failed; the server is lost unless it has another one that is `left`."""
        now = monotonic()
        with self._lock:
            self._resting = {one: until for one, until in self._resting.items() if until > now}
            self._resting[key] = now + REST
            is_lost = all(one.server != server for one in left.values()) and server not in self._lost
            if is_lost:
                self._lost[server] = now
        if is_lost:
            log_event(WARNING, "room unreachable", server=str(server), error=error)

    def _succeed(self, key: _Key, server: Address) -> None:
        with self._lock:
            self._resting.pop(key, None)
            lost_at = self._lost.pop(server, None)
        if lost_at is not None:
            seconds = round(monotonic() - lost_at, 1)
            log_event(INFO, "room reachable again", server=str(server), seconds=seconds)
