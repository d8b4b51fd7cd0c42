"""The server's figures for Prometheus."""

import shutil
from collections.abc import Iterator
from contextlib import suppress

from chat_protocol.metrics import Metric
from chat_protocol.tally import tallied
from tcp_server.cluster.node import Node
from tcp_server.connection.admission import Admission
from tcp_server.connection.fanout import FanOut
from tcp_server.log.backup_mark import last_backup
from tcp_server.log.history import History
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.sequencer import Sequencer

_FILES = {"log": "", "wal": "-wal", "index": ".words"}
"""Ends of the names of the log's files."""


class Metrics:
    """Reads the figures where they are counted, without the room's lock: a frozen room does not matter.

    Any thread; one figure may be a batch ahead of another.
    """

    def __init__(  # noqa: PLR0913 - each is another part of the server
        self,
        fanout: FanOut,
        admission: Admission,
        sequencer: Sequencer,
        history: History,
        *,
        node: Node | None,
        keep: int,
    ) -> None:
        """`node` is there in a cluster. `keep` is how many messages the log may have (0: no limit)."""
        self._fanout = fanout
        self._admission = admission
        self._sequencer = sequencer
        self._history = history
        self._node = node
        self._keep = keep

    def read(self) -> Iterator[Metric]:
        """Yield all figures."""
        yield from self._clients()
        yield from self._batches()
        yield from self._log()
        if self._node:
            yield from self._node.read_metrics()

    def _clients(self) -> Iterator[Metric]:
        figures = self._fanout.figures
        yield Metric("oneroom_connections", "Open connections.", self._admission.connections)
        yield Metric("oneroom_members", "Connections that have joined.", figures.joined, "dialect")
        yield Metric("oneroom_blocked_readers", "Readers with a backlog.", figures.blocked)
        yield Metric("oneroom_backlog_bytes", "Bytes that wait for slow readers.", figures.backlog)
        cut = tallied("reader cut")
        yield Metric("oneroom_readers_cut_total", "Readers cut, by the setting.", cut, "reason")
        refused = tallied("refused")
        yield Metric("oneroom_refused_total", "Clients refused, as the log says.", refused, "reason")
        wrong = tallied("wrong password")
        yield Metric("oneroom_wrong_passwords_total", "Wrong passwords.", wrong, "reason")
        throttled = tallied("throttled")
        yield Metric("oneroom_throttled_seconds_total", "Time that senders waited.", throttled, "reason")

    def _batches(self) -> Iterator[Metric]:
        figures, sequencer = self._fanout.figures, self._sequencer
        yield Metric("oneroom_batches_total", "Batches of work on the room.", figures.batches)
        yield Metric("oneroom_outcomes_total", "Requests and events in these batches.", figures.outcomes)
        yield Metric("oneroom_deliveries_total", "Writes to clients.", figures.deliveries)
        yield Metric("oneroom_sent_bytes_total", "Bytes for clients.", figures.sent)
        yield Metric("oneroom_batch_seconds", "Time of batches under the room's lock.", sequencer.batches)
        yield Metric("oneroom_deliver_seconds_total", "Time of sending batches.", sequencer.deliver_seconds)
        yield Metric("oneroom_commit_seconds_total", "Time of storing batches.", sequencer.commit_seconds)

    def _log(self) -> Iterator[Metric]:
        yield Metric("oneroom_messages_total", "Number of the newest message.", self._history.last)
        yield Metric("oneroom_log_writable", "1 if the log takes messages.", self._history.is_writable)
        if not isinstance(self._history, SqliteHistory):
            return
        over = max(0, self._history.count - self._keep) if self._keep else 0
        yield Metric("oneroom_messages_over_limit", "Messages that retention has to delete.", over)
        lacking = "Older messages that are not fetched from other servers yet."
        yield Metric("oneroom_messages_missing", lacking, len(self._history.missing))
        path = self._history.path
        backup = "When the log was last backed up, in seconds since 1970; 0: never."
        yield Metric("oneroom_last_backup_timestamp_seconds", backup, last_backup(path))
        sizes = {}
        for name, ending in _FILES.items():
            with suppress(OSError):
                sizes[name] = path.with_name(path.name + ending).stat().st_size
        yield Metric("oneroom_file_bytes", "Size of the log's files.", sizes, "file")
        with suppress(OSError):
            free = shutil.disk_usage(path.parent).free
            yield Metric("oneroom_disk_free_bytes", "Free space beside the log.", free)
