"""Events on their way to the screen."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from chat_client.events import ClientEvent, StatusChanged
from cli_client.event_queue import EventQueue


def test_the_loop_has_its_turn_between_portions_of_many_events() -> None:
    total, shown, portions, turns = 2000, 0, 0, 0

    def show(some: Iterator[ClientEvent]) -> None:
        nonlocal shown, portions
        portions += 1
        for _ in some:
            shown += 1
            sum(range(2000))  # some work

    def put_all() -> None:
        for _ in range(total):
            queue.put(StatusChanged())

    async def run() -> None:
        nonlocal turns
        queue.start()
        thread = threading.Thread(target=put_all)
        thread.start()
        while shown < total:
            turns += 1
            await asyncio.sleep(0)
        thread.join()

    queue = EventQueue(show)
    with ThreadPoolExecutor(1) as loops:  # this thread may have a loop: that of a browser's tests
        loops.submit(asyncio.run, run()).result()
    assert shown == total
    assert 1 < portions <= turns


def test_what_is_left_is_shown_at_the_end() -> None:
    shown: list[ClientEvent] = []
    queue = EventQueue(shown.extend)
    for _ in range(3):
        queue.put(StatusChanged())
    queue.finish()
    assert len(shown) == 3
