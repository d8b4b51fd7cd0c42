"""Somebody honest in the room, who is to notice nothing but that there is more talk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import msgspec

from chat_protocol.codec import decode_events
from chat_protocol.messages import Event, Joined, Left, Message, Typing
from chat_protocol.text import clean
from tests.support.raw import JsonClient
from tests.support.timing import at_most

NAME: Final = "Канарейка"
ANSWERED_WITHIN: Final = at_most(1.0)
"""Seconds in which the canary is answered, whatever others do."""


class Watch:
    """Asks again and again, in a thread of its own, and notes how long the answers took."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking, name="canary")
        self.waits: list[float] = []  # the thread's until it has ended, as is `failure`
        self.failure: BaseException | None = None

    def _keep_asking(self) -> None:
        try:
            while not self._enough.wait(0.01):
                asked_at = monotonic()
                self._ask()
                self.waits.append(monotonic() - asked_at)
        except BaseException as error:  # noqa: BLE001 - told to the test, in `watching`
            self.failure = error

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def end(self) -> None:
        """Stop asking, and fail if an answer was late or none."""
        self._enough.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the canary is not answered"
        if self.failure:
            raise AssertionError(f"the canary died: {self.failure!r}") from self.failure
        assert self.waits, "the canary was never answered"
        assert max(self.waits) <= ANSWERED_WITHIN, f"the canary waited for {max(self.waits):.3f} s"


@contextmanager
def watching(ask: Callable[[], object]) -> Iterator[Watch]:
    """Have `ask` answered within a second throughout the block."""
    watch = Watch(ask)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


@contextmanager
def canary_at(address: tuple[str, int]) -> Iterator[Watch]:
    """Be in the room throughout the block: answered in time, and told nothing but proper news."""
    with JsonClient(address) as client:
        client.join(NAME, history=0)

        def ask() -> None:
            for heard in client.fence():
                expect_proper(heard)

        with watching(ask) as watch:
            yield watch
        client.say_json(type="leave")  # or the name would be kept for it
        while (heard := client.read_json())["type"] != "bye":
            expect_proper(heard)


def expect_proper(heard: dict[str, Any]) -> None:
    """Fail unless this is news that the room itself gives, of people who are not the canary."""
    event = as_event(heard)
    assert isinstance(event, Message | Joined | Left | Typing), heard
    assert event.name != NAME, f"forged: {heard}"
    assert event.name.isprintable(), ascii(event.name)
    assert ":" not in event.name, heard
    assert clean(event.name) == event.name, ascii(event.name)
    if isinstance(event, Message):
        assert clean(event.text) == event.text, ascii(event.text)
        assert len(event.text) <= 4000


def as_event(heard: dict[str, Any]) -> Event:
    """Read what was heard as the clients do; fail if they would not know it."""
    (event,) = decode_events(msgspec.json.encode(heard))
    return event
