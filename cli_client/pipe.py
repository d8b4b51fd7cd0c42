"""The frontend without a terminal: lines of stdin are sent, messages of others go to stdout.

The output is the same as in the lines dialect, so that a script can use either. Messages
of the client itself go to stderr.
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
from chat_protocol.contract import HAS_JOINED, HAS_LEFT, MAX_LINE, SAYS
from chat_protocol.messages import Joined, Left, Message, Throttled
from chat_protocol.text import clean, is_blank, one_line, split
from chat_protocol.tls import Tls
from cli_client import events
from cli_client.chat import Chat
from cli_client.translations import Translations

ACK_TIMEOUT: Final = 10.0
"""Maximum seconds to wait for the welcome before reading, and for each ack after the end of input."""

_REFUSED: Final = (events.Phase.NAME_NEEDED, events.Phase.PASSWORD_NEEDED, events.Phase.ENDED)
_READY: Final = (events.Phase.ONLINE, *_REFUSED)
_THROTTLE_NOTICE_INTERVAL: Final = 10.0  # seconds without `throttled` after which the next one is printed
_MAX_UNSENT: Final = 100  # messages sent and not acknowledged; more input waits in the pipe


class Pipe:
    """The frontend between two pipes. `run` returns the exit code: 0 all sent, 1 not all, 2 could not join.

    Three threads: one reads stdin and sends its lines; the room thread writes stdout (and
    waits for a slow reader there); the main thread waits for the end.
    """

    def __init__(
        self, address: Address, name: str, texts: Translations, *, password: str = "", tls: Tls | None = None
    ) -> None:
        self._texts = texts
        self._name = name
        self._chat = Chat(address, self._on_event, history=0, password=password, tls=tls)
        self._ended = threading.Event()  # input or conversation have ended
        self._exit_code: int | None = None  # set by the room thread before `_ended`; None at the end of input
        # The next three are owned by the room thread, and by the main thread after it has ended.
        self._has_entered = False
        self._refused = 0  # messages
        self._throttled_until = 0.0  # monotonic; until then `throttled` is not printed again

    def run(self) -> int:
        """Run until stdin ends, the room ends the conversation, or SIGINT or SIGTERM comes."""
        # Both signals raise KeyboardInterrupt here; later ones are ignored.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self._chat.set_name(self._name)
        self._chat.start()
        try:
            threading.Thread(target=self._read, name="stdin", daemon=True).start()
            self._ended.wait()
            if self._exit_code is None:
                self._wait_for_acks()
        except KeyboardInterrupt:
            pass
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._chat.leave()
        if self._exit_code is not None:
            return self._exit_code
        unsent = len(self._chat.status().unsent) + self._refused
        if unsent:
            self._print_error(self._texts("pipe_unsent", count=unsent))
        return 1 if unsent or not self._has_entered else 0

    def _wait_for_acks(self) -> None:
        """Wait for all acks, at most `ACK_TIMEOUT` for each.

        If the room refuses us meanwhile, `leave` waits until the room thread has set the exit code.
        """
        while (status := self._chat.status()).unsent and status.phase not in _REFUSED:
            is_next_acked = partial(_is_acked, len(status.unsent))
            if not self._chat.wait_for(is_next_acked, ACK_TIMEOUT + status.throttled):
                return

    # --- the stdin thread --------------------------------------------------------------

    def _read(self) -> None:
        # The welcome brings the limit of a text.
        self._chat.wait_for(lambda status: status.phase in _READY, ACK_TIMEOUT)
        decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
        incomplete = ""
        while chunk := _read_stdin():
            *lines, incomplete = (incomplete + decode(chunk)).split("\n")
            for line in lines:
                self._say(line)
            # A line without end must not exhaust memory: of a progress bar the last state is kept.
            incomplete = incomplete[incomplete.rstrip("\r").rfind("\r") + 1 :]
            if len(incomplete) > MAX_LINE:
                self._say(incomplete)
                incomplete = ""
        self._say(incomplete + decode(b"", final=True))
        self._ended.set()

    def _say(self, line: str) -> None:
        line = clean(line)
        if is_blank(line):
            return
        for piece in split(line, self._chat.status().limits.text):
            self._chat.wait_for(
                lambda now: len(now.unsent) < _MAX_UNSENT or now.phase is events.Phase.ENDED, None
            )
            self._chat.say(piece)

    # --- the room thread ---------------------------------------------------------------

    def _on_event(self, event: events.ClientEvent) -> None:  # noqa: C901 - one case per event
        match event:
            case events.Entered():
                self._entered(event)
            case events.NewMessage(message, own=False) if not message.deleted:
                self._write(_lines(message))
            case Joined(name=name):
                self._write(f"{one_line(name)}{HAS_JOINED}\n")
            case Left(name=name):
                self._write(f"{one_line(name)}{HAS_LEFT}\n")
            case events.MessageRefused(text, code, detail, seconds):
                self._refused += 1
                reason = self._texts("not_sent", reason=self._texts.error(code, detail, seconds))
                self._print_error(f"{reason} — {one_line(text)[:80]}")
            case events.ConnectionLost("unknown_host"):  # reported first only if the name was never resolved
                self._print_error(self._texts.ended("unknown_host", 0.0, self._chat.address))
                self._end(1)
            case events.ConnectionLost(reason):
                reason = self._texts.lost(reason, self._chat.address)
                self._print_error(self._texts("pipe_lost", reason=reason))
            case events.NameRefused(code, detail):
                self._print_error(self._texts.error(code, detail))
                self._end(2)
            case events.PasswordNeeded(code):
                self._print_error(self._texts(f"pipe_{code}"))
                self._end(2)
            case Throttled(seconds):
                self._throttled(seconds)
            case events.Ended(reason, seconds) if reason != "left":
                self._print_error(self._texts.ended(reason, seconds, self._chat.address))
                self._end(1)

    def _throttled(self, seconds: float) -> None:
        now = time.monotonic()
        if self._chat.status().phase is not events.Phase.ONLINE:
            self._print_error(self._texts("pipe_wait", time=self._texts.duration(seconds)))
            return
        if now > self._throttled_until:
            self._print_error(self._texts("pipe_throttled"))
        self._throttled_until = now + seconds + _THROTTLE_NOTICE_INTERVAL

    def _entered(self, event: events.Entered) -> None:
        self._has_entered = True
        if event.rejoined:
            self._print_error(self._texts("pipe_back"))
        if event.missed:
            self._print_error(self._texts.plural("pipe_missed", event.missed))
        for message in event.messages:
            if message.name != event.name and not message.deleted:
                self._write(_lines(message))

    def _write(self, text: str) -> None:
        if self._exit_code is not None:
            return
        try:
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        except OSError:
            # The reader has closed the pipe (`| head`). Python would fail to flush stdout at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._end(0)

    def _end(self, code: int) -> None:
        self._exit_code = code
        self._ended.set()

    def _print_error(self, text: str) -> None:
        """Print a line to stderr. Any thread."""
        print(f"oneroom: {text}", file=sys.stderr, flush=True)


def _is_acked(unsent: int, now: events.Status) -> bool:
    """Return whether fewer than `unsent` messages are unsent, or none will be acknowledged any more."""
    return len(now.unsent) < unsent or now.phase in _REFUSED


def _lines(message: Message) -> str:
    name = one_line(message.name)
    return "".join(f"{name}{SAYS}{line}\n" for line in clean(message.text).split("\n"))


def _read_stdin() -> bytes:
    # Not sys.stdin.buffer: a thread that waits in a buffered reader makes the interpreter
    # abort when the program ends.
    try:
        return os.read(sys.stdin.fileno(), 65536)
    except (OSError, ValueError):  # stdin was closed by the parent process
        return b""
