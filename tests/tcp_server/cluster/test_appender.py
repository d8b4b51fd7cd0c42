"""When the appender adds nothing: what Redis lacks is added first."""

import threading
from collections.abc import Sequence
from time import sleep
from typing import cast

from tcp_server.cluster.appender import Appender
from tcp_server.cluster.stream import Deleted, Stream
from tcp_server.room import proposals as p
from tests.support.timing import TIMEOUT


class _Stream:
    """A stream that was deleted, as the first who adds to it finds out."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.was_asked = threading.Event()

    def append(self, entries: Sequence[bytes], run_id: str) -> None:
        self.asked.append((run_id, len(entries)))
        self.was_asked.set()
        if len(self.asked) == 1:
            raise Deleted("the stream was deleted")


def test_after_a_deletion_nothing_is_added_until_all_servers_have_added_what_they_had() -> None:
    for settle_seconds in (0, 1000):
        stream = _Stream()
        appender = Appender(cast("Stream", stream), settle_seconds)
        appender.start()
        appender.note_complete("run")
        appender.send(bytes(8), [p.Settle(1)])
        assert stream.was_asked.wait(TIMEOUT)
        while not appender._was_deleted:
            sleep(0.001)
        assert not appender.wait_until_added(0.05)
        appender.note_complete("run")  # the tail has it again
        assert appender.wait_until_added(TIMEOUT if not settle_seconds else 0.05) == (not settle_seconds)
        assert stream.asked == [("run", 1)] * (1 if settle_seconds else 2)
        appender.close()
