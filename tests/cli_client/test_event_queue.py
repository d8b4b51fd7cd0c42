"""Events on their way to the screen."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from chat_client.events import ClientEvent, StatusChanged
from cli_client.event_queue import EventQueue
from tests.support.timing import TIMEOUT


def test_the_loop_has_its_turn_between_portions_of_many_events() -> None:
    total, shown = 2000, 0
    turns: list[str] = []  # of the queue and of other work, as they come

    def show(some: Iterator[ClientEvent]) -> None:
        nonlocal shown
        turns.append("portion")
        asyncio.get_running_loop().call_soon(turns.append, "other work")
        for _ in some:
            shown += 1
            sum(range(2000))  # some work
        if shown == total:
            all_shown.set()

    def put_all() -> None:
        for _ in range(total):
            queue.put(StatusChanged())

    async def run() -> None:
        queue.start()
        thread = threading.Thread(target=put_all)
        thread.start()
        await asyncio.wait_for(all_shown.wait(), TIMEOUT)
        thread.join()

    all_shown = asyncio.Event()
    queue = EventQueue(show)
    with ThreadPoolExecutor(1) as loops:  # this thread may have a loop: that of a browser's tests
        loops.submit(asyncio.run, run()).result()
    assert len(turns) > 2
    assert turns[:-1:2] == ["portion"] * (len(turns) // 2)
    assert turns[1::2] == ["other work"] * (len(turns) // 2)


def test_what_is_left_is_shown_at_the_end() -> None:
    shown: list[ClientEvent] = []
    queue = EventQueue(shown.extend)
    for _ in range(3):
        queue.put(StatusChanged())
    queue.finish()
    assert len(shown) == 3
