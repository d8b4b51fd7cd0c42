"""A live message: the output of a program, which is one message that grows while the program runs.

See "Live messages" in docs/protocol.md.
"""

import os
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Final, NamedTuple, Self

from chat_client.chat import Chat
from chat_client.errors import ChatError, ConversationEnded, Disconnected, InternalError, Refused
from chat_client.events import Phase
from chat_client.output_buffer import OutputBuffer
from chat_client.output_filter import OutputFilter
from chat_protocol import messages as m
from chat_protocol.live import MAX_KEPT, MAX_LIVE_TITLE, MAX_OUTPUT, MAX_UNRECEIVED
from chat_protocol.text import one_line

END_TIMEOUT: Final = 10.0
"""Seconds that `end` waits for the room by default."""

_INTERVAL: Final = 0.25  # seconds between two outputs, unless there is much
_TICK: Final = 1.0  # seconds after which lines that a program has left alone are final
_RATES: Final = ((4 * 1024 * 1024, 32 * 1024.0), (2**63, 4 * 1024.0))
"""Bytes a second behind the first 512 KiB, until so many are sent: a person has 16 MiB an hour."""
_RETRY: Final = 5.0  # seconds, at most: the message is lost if it is silent over a new connection
_LATER: Final = frozenset({"too_much", "too_fast", "unavailable"})  # codes: the same may be sent again


class _Lines(NamedTuple):
    """Final lines from an offset on, with their size, in bytes."""

    offset: int
    text: str
    size: int


class LiveMessage:
    """A live message with a title of one line, and the size of the program's terminal.

    Its thread sends; no method but `end` and `started` waits. After a lost connection it goes on where the
    room says: what is received is kept as the room keeps it, as a server that was killed may have lost the
    newest lines. What comes faster than it can be sent is left out in the middle: the first and the last
    512 KiB are never. Any thread may call any method.
    """

    def __init__(self, chat: Chat, title: str, *, columns: int = 200, rows: int = 50) -> None:
        self._chat = chat
        self._title = one_line(title)[:MAX_LIVE_TITLE] or "…"
        self._buffer = OutputBuffer()
        self._changed = Condition()  # guards the next five, and is notified when there is something to do
        self._size = (columns, rows)
        self._is_ended = False
        self._code: int | None = None
        self._is_written = False
        self._is_answered = False
        self._id: int | None = None  # set once by our thread, before `_started`
        self._error: ChatError | None = None  # set once by our thread, before `_done` and `_started`
        self._started = Event()
        self._done = Event()
        # The rest is owned by our thread.
        self._filter = OutputFilter(columns, rows)
        self._joins = 0  # as in `Status`, of the connection over which we send
        self._is_cut = False  # it is lost, and the room has not told us where to go on
        self._end_ref = ""  # of the `end` that was sent; the same after a lost connection
        self._is_over = False  # the room has that
        self._end = 0  # offset behind all final lines
        self._waiting: deque[_Lines] = deque()
        self._sent: deque[tuple[_Lines, Future[m.Event]]] = deque()  # and not received
        self._first: deque[_Lines] = deque()  # received, and of the first 512 KiB
        self._last: deque[_Lines] = deque()  # received, and behind them: at least the last 512 KiB
        self._last_size = 0  # of these
        self._tail: str | None = ""  # that the room has; None: not known
        self._next_tick = self._next_send = 0.0  # monotonic
        self._not_before = 0.0  # monotonic; until then nothing more is taken
        Thread(target=self._run, name="live", daemon=True).start()

    # --- for the owner -------------------------------------------------------------------

    def started(self, timeout: float | None = None) -> int:
        """Return the number of the message once the room has it.

        Raises `Refused` (`too_many_open`: a person has at most 5 that have not ended; `unknown_type`: an
        older room), `ConversationEnded`, or after `timeout` seconds `TimeoutError`.
        """
        if not self._started.wait(timeout):
            raise TimeoutError
        if self._id is None:
            assert self._error
            raise self._error
        return self._id

    def write(self, output: str | bytes) -> None:
        """Add output; colours, carriage returns and movements of the cursor may be in it."""
        self._buffer.write(output.encode("utf-8", "replace") if isinstance(output, str) else output)
        if not self._is_written:  # True until our thread looks, which it does before it takes
            with self._changed:
                self._is_written = True
                self._changed.notify_all()

    def resize(self, columns: int, rows: int) -> None:
        """The program's terminal has another size."""
        with self._changed:
            self._size = (columns, rows)

    def end(self, code: int | None = None, timeout: float | None = END_TIMEOUT) -> None:
        """End the message, with the exit code if there is one; return once the room has all of it.

        May be repeated; the first code counts. Raises as `started`: after `TimeoutError` the rest is still
        sent while the conversation goes on. `InternalError`: the rest could not be sent, but the code was.
        """
        with self._changed:
            if not self._is_ended:
                self._is_ended, self._code = True, code
                self._changed.notify_all()
        if not self._done.wait(timeout):
            raise TimeoutError
        if self._error:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.end(0 if kind is None else 1)

    def _on_answer(self, _: object) -> None:
        with self._changed:
            self._is_answered = True
            self._changed.notify_all()

    # --- our thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._send_all()
        except ChatError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - `end` raises it
            self._error = InternalError(f"{type(error).__name__}: {error}")
            self._error.__cause__ = error
            if self._id is not None:
                self._end_without_rest()
        finally:
            self._done.set()
            self._started.set()

    def _send_all(self) -> None:
        """Start the message, send what comes, and end it."""
        self._wait_until_online()
        self._id = self._chat.start_live(self._title).result().id
        self._started.set()
        while not self._is_over:
            try:
                self._go_on()
            except Disconnected:
                self._is_cut = True
            except Refused as error:
                if error.code not in _LATER:
                    raise
                self._take_back()
                time.sleep(min(error.seconds or _RETRY, _RETRY))

    def _end_without_rest(self) -> None:
        """Once the owner ends the message, have the room end it too: nothing more can be sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ended)
        with suppress(ChatError):
            self._wait_until_online()
            self._send_end()

    def _wait_until_online(self) -> None:
        """Wait for a connection, over which we send from now on. Raises `ConversationEnded`."""
        self._chat.wait_for(lambda status: status.phase in (Phase.ONLINE, Phase.ENDED), None)
        status = self._chat.status()
        if status.phase is Phase.ENDED:
            raise ConversationEnded(status.reason)
        self._joins = status.joins

    def _go_on(self) -> None:
        if self._is_cut:
            self._resume()
        elif self._is_all_received():
            self._send_end()
        else:
            self._step()

    def _is_all_received(self) -> bool:
        if not self._is_ended or self._buffer or self._waiting or self._sent:
            return False
        self._add(self._filter.finish())
        return not self._waiting and self._filter.tail() == self._tail

    def _step(self) -> None:
        """Wait until something is to be done, and do it."""
        is_ended = self._wait()
        if self._chat.status().joins != self._joins:  # nothing was on its way when the connection was lost
            raise Disconnected
        self._take_received()
        self._read(is_ended=is_ended)
        self._send()
        self._next_send = time.monotonic() + _INTERVAL

    def _wait(self) -> bool:
        """Wait at most `_TICK` seconds for something to do; return whether the output has ended."""
        with self._changed:
            if self._sent and (self._waiting or self._is_ended):
                self._changed.wait_for(lambda: self._is_answered, _TICK)
            elif not (self._waiting or self._is_ended):
                self._changed.wait_for(lambda: self._is_written or self._is_answered or self._is_ended, _TICK)
                now = time.monotonic()
                if not self._buffer.has(MAX_OUTPUT) or now < self._not_before:  # gather
                    self._changed.wait_for(lambda: self._is_ended, max(0.0, self._next_send - now))
            self._is_written = self._is_answered = False
            self._filter.resize(*self._size)
            return self._is_ended

    def _read(self, *, is_ended: bool) -> None:
        """Filter what may be sent now; at the end all of it."""
        now = time.monotonic()
        while self._buffer and (is_ended or (not self._waiting and now >= self._not_before)):
            left_out, data = self._buffer.take(MAX_OUTPUT)
            if left_out:
                self._add(self._filter.skip())
                self._end += left_out  # not exact, but behind all that was sent: there a jump is allowed
            self._add(self._filter.feed(data))
            if self._end > MAX_KEPT:
                rate = next(rate for limit, rate in _RATES if self._end < limit)
                self._not_before = max(now, self._not_before) + len(data) / rate
        if is_ended:
            self._leave_out_middle()
        if now >= self._next_tick:
            self._add(self._filter.tick())
            self._next_tick = now + _TICK

    def _add(self, text: str) -> None:
        """Add final lines, in parts that one output may have."""
        while text:
            part = text[: MAX_OUTPUT if text.isascii() else MAX_OUTPUT // 4]
            if len(part) < len(text):
                part = part[: part.rfind("\n") + 1] or text[: text.index("\n") + 1]
            size = len(part.encode())
            self._waiting.append(_Lines(self._end, part, size))
            self._end += size
            text = text[len(part) :]

    def _leave_out_middle(self) -> None:
        """Drop of what waits that of which the room would keep nothing."""
        kept = deque(
            lines
            for lines in self._waiting
            if lines.offset < MAX_KEPT or lines.offset + lines.size >= self._end - MAX_KEPT
        )
        self._waiting = kept

    def _send(self) -> None:
        """Send lines as long as not too many are on their way; the last ones with the tail."""
        assert self._id is not None
        size = sum(lines.size for lines, _ in self._sent)
        while self._waiting and size + self._waiting[0].size <= MAX_UNRECEIVED:
            lines = self._waiting.popleft()
            size += lines.size
            self._ask(lines, None if self._waiting else self._new_tail())
        if not self._waiting and (tail := self._new_tail()) is not None:
            self._ask(_Lines(self._end, "", 0), tail)

    def _new_tail(self) -> str | None:
        tail = self._filter.tail()
        if tail == self._tail:
            return None
        self._tail = tail
        return tail

    def _ask(self, lines: _Lines, tail: str | None) -> None:
        assert self._id is not None
        future = self._ask_room(m.Output(id=self._id, offset=lines.offset, text=lines.text, tail=tail))
        self._sent.append((lines, future))
        future.add_done_callback(self._on_answer)

    def _ask_room(self, command: m.Output | m.End) -> Future[m.Event]:
        """Ask over our connection only: over a newer one, another server may lack lines that come before."""
        return self._chat.ask(command, joins=self._joins)

    def _take_received(self) -> None:
        """Take what the room has received. Raises what it has answered instead."""
        while self._sent and self._sent[0][1].done():
            self._sent[0][1].result()
            self._keep(self._sent.popleft()[0])

    def _keep(self, lines: _Lines) -> None:
        """Keep what is received, as long as the room keeps it too."""
        if not lines.text:  # a tail alone
            return
        if lines.offset < MAX_KEPT:
            self._first.append(lines)
            return
        self._last.append(lines)
        self._last_size += lines.size
        while self._last_size - self._last[0].size >= MAX_KEPT:
            self._last_size -= self._last.popleft().size

    def _take_back(self) -> None:
        """Let what was not received wait again."""
        self._waiting.extendleft(lines for lines, _ in reversed(self._sent) if lines.text)
        self._sent.clear()
        self._tail = None

    def _resume(self) -> None:
        """Wait until there is a connection again, and go on behind what the room has."""
        self._take_back()
        self._wait_until_online()
        assert self._id is not None
        try:
            received = self._ask_room(m.Output(id=self._id, offset=0)).result()
        except Refused as error:
            if error.code != "has_ended" or not self._end_ref:
                raise
            self._send_end()  # the answer says whether it was this that has ended it
            return
        assert isinstance(received, m.Received)
        lines = [*self._first, *self._last, *self._waiting]
        self._first.clear()
        self._last.clear()
        self._waiting.clear()
        self._last_size = 0
        for each in lines:
            if each.offset + each.size <= received.end:
                self._keep(each)
            else:
                self._waiting.append(each)
        self._is_cut = False

    def _send_end(self) -> None:
        assert self._id is not None
        self._end_ref = self._end_ref or os.urandom(12).hex()
        self._ask_room(m.End(ref=self._end_ref, id=self._id, code=self._code)).result()
        self._is_over = True
