"""A client that checks, during an attack, that others are still served in time and correctly."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import msgspec

from chat_protocol.codec import decode_events
from chat_protocol.messages import Changed, Event, Joined, Left, Message, Person, Typing
from chat_protocol.text import clean
from tests.support.raw import JsonClient
from tests.support.timing import at_most

NAME: Final = "Канарейка"
ANSWERED_WITHIN: Final = at_most(1.0)
"""Seconds within which the canary must be answered."""


class Watch:
    """Makes requests in a thread of its own, one after another, and measures how long they take."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="canary")
        self.waits: list[float] = []  # owned by the thread until it has ended, as is `failure`
        self.failure: BaseException | None = None

    def _run(self) -> None:
        try:
            while not self._stopping.wait(0.01):
                asked_at = monotonic()
                self._ask()
                self.waits.append(monotonic() - asked_at)
        except BaseException as error:  # noqa: BLE001 - raised in `stop`
            self.failure = error

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; fail if an answer was late or missing."""
        self._stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the canary gets no answer"
        if self.failure:
            raise AssertionError(f"the canary failed: {self.failure!r}") from self.failure
        assert self.waits, "the canary never got an answer"
        assert max(self.waits) <= ANSWERED_WITHIN, f"the canary waited for {max(self.waits):.3f} s"


@contextmanager
def watching(ask: Callable[[], object]) -> Iterator[Watch]:
    """Call `ask` throughout the block; fail if a call takes longer than `ANSWERED_WITHIN`."""
    watch = Watch(ask)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


@contextmanager
def canary_at(address: tuple[str, int]) -> Iterator[Watch]:
    """Be in the room throughout the block; fail if answers are late or an event is not valid."""
    with JsonClient(address) as client:
        client.join(NAME, history=0)

        def ask() -> None:
            for received in client.fence():
                check_event(received)

        with watching(ask) as watch:
            yield watch
        client.say_json(type="leave")  # otherwise the name would stay reserved
        while (received := client.read_json())["type"] != "bye":
            check_event(received)


def check_event(received: dict[str, Any]) -> None:
    """Fail unless this is a valid event about members other than the canary."""
    event = as_event(received)
    if isinstance(event, Changed):
        assert event.by != NAME, f"forged: {received}"
        check_event(received["message"])
        return
    assert isinstance(event, Message | Joined | Left | Typing | Person), received
    assert event.name != NAME, f"forged: {received}"
    assert event.name.isprintable(), ascii(event.name)
    assert ":" not in event.name, received
    assert clean(event.name) == event.name, ascii(event.name)
    if isinstance(event, Message):
        assert clean(event.text) == event.text, ascii(event.text)
        assert len(event.text) <= 4000


def as_event(received: dict[str, Any]) -> Event:
    """Decode an event as our clients do; fail if they would skip it."""
    (event,) = decode_events(msgspec.json.encode(received))
    return event
