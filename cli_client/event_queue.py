"""Events of the room on their way to the main thread."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from queue import SimpleQueue
from time import monotonic, sleep
from typing import Final

from chat_client.events import ClientEvent

_GATHERING: Final = 0.025  # seconds after a turn for which events are gathered for the next
_TURN: Final = 0.005  # seconds; then the keyboard has its turn
_MANY: Final = 256  # events that wait
_PAUSE: Final = 0.001  # seconds


class EventQueue:
    """Passes events to `show`, several at a time, and lets the event loop do other work in between.

    `show` is called in the loop and must take every event that it is given.
    """

    def __init__(self, show: Callable[[Iterator[ClientEvent]], None]) -> None:
        self._show = show
        self._events: SimpleQueue[ClientEvent] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None  # set once, before `put` is called
        self._shown_at = 0.0  # monotonic; owned by the loop
        self._is_paused = False  # owned by the loop
        self._lock = threading.Lock()  # guards the next
        self._is_turn_due = False

    def start(self) -> None:
        """Use the running event loop."""
        self._loop = asyncio.get_running_loop()

    def put(self, event: ClientEvent) -> None:
        """Add an event. Any thread but the loop's.

        Where many wait, the calling thread pauses: without that it would leave the loop hardly any time.
        """
        self._events.put(event)
        with self._lock:
            is_turn_due, self._is_turn_due = self._is_turn_due, True
        if not is_turn_due and self._loop:
            with suppress(RuntimeError):  # the loop has ended; the rest is shown by `finish`
                self._loop.call_soon_threadsafe(self._gather)
        if self._events.qsize() > _MANY:
            sleep(_PAUSE)

    @property
    def is_paused(self) -> bool:
        """Whether another program has the terminal."""
        return self._is_paused

    def pause(self) -> None:
        """Show nothing for now: another program has the terminal."""
        self._is_paused = True

    def go_on(self) -> None:
        """Show what has come meanwhile, and what comes."""
        self._is_paused = False
        self._turn()

    def finish(self) -> None:
        """Show all that is left. After the loop's other work."""
        self._show(self._take(inf))

    def _gather(self) -> None:
        asyncio.get_running_loop().call_later(max(0.0, self._shown_at + _GATHERING - monotonic()), self._turn)

    def _turn(self) -> None:
        if self._is_paused:
            return
        self._show(self._take(monotonic() + _TURN))
        self._shown_at = monotonic()
        with self._lock:
            self._is_turn_due = not self._events.empty()
        if self._is_turn_due:
            # Not call_soon: that would come before the keys that have been typed meanwhile.
            asyncio.get_running_loop().call_later(0, self._turn)

    def _take(self, until: float) -> Iterator[ClientEvent]:
        while not self._events.empty():
            yield self._events.get()
            if monotonic() > until:
                return
