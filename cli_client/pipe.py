"""The room between two pipes: lines of stdin are said, what others say goes to stdout.

What comes out is what the lines dialect of the room shows, so that both can stand
in the same script. Everything that is about the program itself goes to stderr.
"""

import codecs
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import Final

from chat_protocol.address import Address
from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SAYS
from chat_protocol.messages import Joined, Left, Message, Throttled
from chat_protocol.text import clean, is_blank, one_line, split
from chat_protocol.tls import Tls
from cli_client.chat import Chat
from cli_client.news import (
    Ended,
    Entered,
    Lost,
    NameRefused,
    News,
    PasswordWanted,
    Phase,
    Said,
    Status,
    Unsent,
)
from cli_client.words import Words

ACK_DEADLINE: Final = 10.0
"""Seconds to wait for the welcome before reading, and for each next ack after the end of input."""

_REFUSED: Final = (Phase.NAMELESS, Phase.LOCKED, Phase.ENDED)
_SETTLED: Final = (Phase.ONLINE, *_REFUSED)
_CALM: Final = 10.0  # seconds without a `throttled` after which the next one is told again

_WINDOW: Final = 100  # says on their way at once; the rest waits in the pipe


class Pipe:
    """The face without a terminal. `run` returns the exit code: 0 all said, 1 not, 2 not let in.

    Three threads: a reader of stdin says its lines, the room thread writes stdout
    (and so is slowed by whoever reads it), the main thread waits for the end.
    """

    def __init__(
        self, address: Address, name: str, words: Words, *, password: str = "", tls: Tls | None = None
    ) -> None:
        self._words = words
        self._name = name
        self._chat = Chat(address, self._hear, history=0, password=password, tls=tls)
        self._ended = threading.Event()  # nothing more is to be said or heard
        self._ended_code: int | None = None  # why, as an exit code; set by the room thread before _ended
        self._was_in = False  # the room thread's until it has ended, like the next
        self._refused = 0  # messages the room refused
        self._throttled_until = 0.0  # the room thread's: until when (monotonic) a `throttled` is nothing new

    def run(self) -> int:
        """Filter until stdin ends, the room puts us out, or a signal comes."""
        # Both end the wait below the same way. A second one finds us leaving already.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self._chat.enter(self._name)
        self._chat.start()
        try:
            threading.Thread(target=self._read, name="stdin", daemon=True).start()
            self._ended.wait()
            if self._ended_code is None:
                self._await_acks()
        except KeyboardInterrupt:
            pass
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._chat.leave()
        return self._exit_code()

    def _exit_code(self) -> int:
        if self._ended_code is not None:
            return self._ended_code
        unsent = len(self._chat.status().unsent) + self._refused
        if unsent:
            self._complain(self._words("pipe_unsent", count=unsent))
        return 1 if unsent or not self._was_in else 0

    def _await_acks(self) -> None:
        """Wait until everything is acknowledged, as long as acks keep coming and we may come in.

        If we may not, `leave` waits until the room thread has told why, and so set the code.
        """
        while (status := self._chat.status()).unsent and status.phase not in _REFUSED:
            if not self._chat.wait_for(partial(_moved, len(status.unsent)), ACK_DEADLINE + status.throttled):
                return

    # --- the stdin thread --------------------------------------------------------

    def _read(self) -> None:
        """Say what comes in, until nothing more does."""
        # Only the room's welcome tells how long a text may be.
        self._chat.wait_for(lambda now: now.phase in _SETTLED, ACK_DEADLINE)
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        pending = ""
        while chunk := _read_some():
            *lines, pending = (pending + clean(decode(chunk))).split("\n")
            for line in lines:
                self._say(line)
            # A line without end must not fill the memory.
            *pieces, pending = split(pending, self._chat.status().limits.text)
            for piece in pieces:
                self._say(piece)
        self._say(pending + clean(decode(b"", final=True)))
        self._ended.set()

    def _say(self, line: str) -> None:
        if is_blank(line):
            return
        for piece in split(line, self._chat.status().limits.text):
            self._chat.wait_for(lambda now: len(now.unsent) < _WINDOW or now.phase is Phase.ENDED, None)
            self._chat.say(piece)

    # --- the room thread ---------------------------------------------------------

    def _hear(self, news: News) -> None:  # noqa: C901 - one case a kind of news
        match news:
            case Entered():
                self._entered(news)
            case Said(message, own=False) if not message.deleted:
                self._write(_lines(message))
            case Joined(name=name):  # Russian as in the lines dialect, whatever the user's language
                self._write(f"{one_line(name)}{HAS_JOINED}\n")
            case Left(name=name):
                self._write(f"{one_line(name)}{HAS_LEFT}\n")
            case Unsent(text, code, detail, seconds):
                self._refused += 1
                reason = self._words.error(code, detail, seconds)
                self._complain(f"{self._words('unsent_text', reason=reason)} — {one_line(text)[:80]}")
            case Lost("unknown_host"):  # told first only where the name was never resolved
                self._complain(self._words.ended("unknown_host", 0.0, self._chat.address))
                self._end(1)
            case Lost(why):
                self._complain(self._words("pipe_lost", reason=self._words.why(why, self._chat.address)))
            case NameRefused(code, detail):
                self._complain(self._words.error(code, detail))
                self._end(2)
            case PasswordWanted(code):
                self._complain(self._words(f"pipe_{code}"))
                self._end(2)
            case Throttled(seconds):
                self._slowed(seconds)
            case Ended(why, seconds) if why != "left":
                self._complain(self._words.ended(why, seconds, self._chat.address))
                self._end(1)

    def _slowed(self, seconds: float) -> None:
        now = time.monotonic()
        if self._chat.status().phase is not Phase.ONLINE:
            self._complain(self._words("pipe_wait", time=self._words.duration(seconds)))
            return
        if now > self._throttled_until:
            self._complain(self._words("pipe_throttled"))
        self._throttled_until = now + seconds + _CALM

    def _entered(self, news: Entered) -> None:
        self._was_in = True
        if news.back:
            self._complain(self._words("pipe_back"))
        if news.missed:
            self._complain(self._words.count("pipe_missed", news.missed))
        for message in news.messages:
            if message.name != news.name and not message.deleted:
                self._write(_lines(message))

    def _write(self, text: str) -> None:
        if self._ended_code is not None:
            return
        try:
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        except OSError:
            # Nobody reads any more (`| head`). What is buffered must not be tried
            # again when the interpreter closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._end(0)

    def _end(self, code: int) -> None:
        self._ended_code = code
        self._ended.set()

    def _complain(self, text: str) -> None:
        """Tell the person, not the pipe. Any thread."""
        print(f"oneroom: {text}", file=sys.stderr, flush=True)


def _moved(unsent: int, now: Status) -> bool:
    """Say whether there is no use in waiting for the first of so many unsent messages any more."""
    return len(now.unsent) < unsent or now.phase in _REFUSED


def _lines(message: Message) -> str:
    name = one_line(message.name)
    return "".join(f"{name}{SAYS}{line}\n" for line in clean(message.text).split("\n"))


def _read_some() -> bytes:
    # Not sys.stdin.buffer: a thread that waits inside a buffered reader while the
    # program ends takes the interpreter down with a fatal error.
    try:
        return os.read(sys.stdin.fileno(), 65536)
    except (OSError, ValueError):  # closed by whoever started us
        return b""
