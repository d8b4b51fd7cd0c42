"""The frontend without a terminal: lines of stdin are sent, messages of others go to stdout.

The output is that of the lines dialect without reactions and deletions, so that a script can use
either. Messages of the client itself go to stderr.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from chat_client import events
from chat_client.chat import Chat
from chat_client.identity import IdentityStore, NotKept
from chat_client.joining import NAME_PATIENCE, NAME_TAKEN, IfTaken
from chat_protocol.address import Address
from chat_protocol.messages import Changed, Joined, Left, Throttled
from chat_protocol.text import clean, is_blank, one_line, split
from cli_client.output import Shown, as_json, as_lines, print_error, write
from cli_client.stdin_lines import StdinLines
from cli_client.translations import Translations

if TYPE_CHECKING:  # ssl takes long to load, and most need none
    from chat_protocol.tls import Tls

ACK_TIMEOUT: Final = 10.0
"""Maximum seconds to wait for the welcome before reading, and for each ack after the end of input."""

QUIET_WAIT: Final = 0.5
"""Seconds within which the input of a script that says only a few lines ends."""

_MAX_QUIET_LINES: Final = 100  # as many as a quiet connection may say
_REFUSED: Final = (events.Phase.NAME_NEEDED, events.Phase.PASSWORD_NEEDED, events.Phase.ENDED)
_READY: Final = (events.Phase.ONLINE, *_REFUSED)
_THROTTLE_NOTICE_INTERVAL: Final = 10.0  # seconds without `throttled` after which the next one is printed
_MAX_UNSENT: Final = 100  # messages sent and not acknowledged; more input waits in the pipe


class PipeOptions(NamedTuple):
    """What a script may ask for; `timeout` is in seconds, None: no limit."""

    follow: bool = False
    timeout: float | None = None
    or_similar: bool = False
    json: bool = False


_NO_OPTIONS: Final = PipeOptions()


class Pipe:
    """The frontend between two pipes. `run` returns the exit code, as in `--help`.

    Three threads: one reads stdin and sends its lines; the room thread writes stdout (and
    waits for a slow reader there); the main thread waits for the end.
    """

    def __init__(  # noqa: PLR0913 - what the command line gives
        self,
        address: Address,
        name: str,
        texts: Translations,
        *,
        code: str = "",
        password: str = "",
        tls: "Tls | None" = None,
        family: int = socket.AF_UNSPEC,
        identities: IdentityStore | None = None,
        options: PipeOptions = _NO_OPTIONS,
    ) -> None:
        self._texts = texts
        self._name = name
        self._follow, timeout, or_similar, json = options
        self._form = as_json if json else as_lines
        self._chat = Chat(
            address,
            self._on_event,
            history=0,
            code=code,
            password=password,
            tls=tls,
            family=family,
            identities=identities,
            if_taken=IfTaken.SIMILAR if or_similar else IfTaken.WAIT,
        )
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._stdin = StdinLines()  # owned by the stdin thread, and by the main thread before that
        self._not_utf8 = 0  # lines that are not said; owned by the stdin thread, and then by the main thread
        self._ended = threading.Event()  # input or conversation have ended
        self._exit_code: int | None = None  # set by the room thread before `_ended`; None at the end of input
        # The rest is owned by the room thread, and by the main thread after it has ended.
        self._has_entered = False
        self._refused = 0  # messages
        self._unwritable = False  # stdout cannot be written; what is to be said is still said
        self._throttled_until = 0.0  # monotonic; until then `throttled` is not printed again

    def run(self) -> int:
        """Run until stdin ends, the room ends the conversation, or SIGINT or SIGTERM comes."""
        # Both signals raise KeyboardInterrupt here; later ones are ignored.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self._chat.set_name(self._name)
        is_late = False  # the time is over before the end of input
        try:
            self._start()
            if not self._ended.wait(self._seconds_left()):
                is_late = not (self._follow and self._chat.status().phase is events.Phase.ONLINE)
            elif self._exit_code is None:
                self._wait_for_acks()
        except KeyboardInterrupt:
            pass
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._chat.leave()
        if self._exit_code is not None:
            return self._exit_code
        if is_late:
            print_error(self._texts("pipe_timeout"))
        unsent = len(self._chat.status().unsent) + self._refused + self._not_utf8
        if unsent:
            print_error(self._texts("pipe_unsent", count=unsent))
        return 1 if is_late or unsent or self._unwritable or not self._has_entered else 0

    def _start(self) -> None:
        """Begin to read, unless we only follow, and join: quietly, if a few lines are all there is."""
        if self._follow:
            self._chat.start()
            return
        first = self._stdin.collect(_MAX_QUIET_LINES, QUIET_WAIT)
        self._chat.start(quiet=self._stdin.ended and len(first) <= _MAX_QUIET_LINES)
        threading.Thread(target=self._read, args=(first,), name="stdin", daemon=True).start()

    def _wait_for_acks(self) -> None:
        """Wait for all acks, at most `ACK_TIMEOUT` for each.

        If the room refuses us meanwhile, `leave` waits until the room thread has set the exit code.
        """
        while (status := self._chat.status()).unsent and status.phase not in _REFUSED:
            is_next_acked = partial(_is_acked, len(status.unsent))
            if not self._wait_for(is_next_acked, status.throttled):
                return

    def _wait_for(self, condition: Callable[[events.Status], bool], more: float = 0.0) -> bool:
        """Wait for the room; return whether `condition` holds in time.

        That is until the `--timeout` if there is one, else for `ACK_TIMEOUT` and so many seconds more, or
        until a taken name is either free or refused.
        """
        if self._deadline is not None:
            return self._chat.wait_for(condition, self._seconds_left())
        is_patient = self._chat.wait_for(
            lambda now: condition(now) or now.reason == NAME_TAKEN, ACK_TIMEOUT + more
        )
        return is_patient and self._chat.wait_for(condition, NAME_PATIENCE + ACK_TIMEOUT)

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    # --- the stdin thread --------------------------------------------------------------

    def _read(self, first: list[str]) -> None:
        self._wait_for(lambda status: status.phase in _READY)  # the welcome brings the limit of a text
        for number, line in enumerate(chain(first, self._stdin), 1):
            if _is_utf8(line):
                self._say(clean(line))
                continue
            if not self._not_utf8:
                print_error(self._texts("pipe_undecodable", number=number))
            self._not_utf8 += 1
        self._ended.set()

    def _say(self, line: str) -> None:
        if is_blank(line):
            return
        for piece in split(line, self._chat.status().limits.text):
            self._chat.wait_for(
                lambda now: len(now.unsent) < _MAX_UNSENT or now.phase is events.Phase.ENDED, None
            )
            self._chat.post(piece)

    # --- the room thread ---------------------------------------------------------------

    def _on_event(self, event: events.ClientEvent) -> None:  # noqa: C901 - one case per event
        match event:
            case events.Entered():
                self._entered(event)
            case events.NewMessage(message, own=False) if not message.deleted:
                self._write(message)
            case events.MessageChanged(message, _, act, by, at, own=False, id=id_) if act:
                self._write(Changed(id_, at, by, act, message))
            case Joined() | Left():
                self._write(event)
            case events.MessageRefused(text, code, detail, seconds):
                self._refused += 1
                reason = self._texts("not_sent", reason=self._texts.error(code, detail, seconds))
                print_error(f"{reason} — {one_line(text)[:80]}")
            case events.ConnectionLost("unknown_host"):  # reported first only if the name was never resolved
                print_error(self._texts.ended("unknown_host", 0.0, self._chat.address))
                self._end(1)
            case events.ConnectionLost(reason):
                reason = self._texts.lost(reason, self._chat.address)
                print_error(self._texts("pipe_lost", reason=reason))
            case events.NameRefused(code, detail):
                print_error(self._texts.error(code, detail))
                self._end(2)
            case events.PasswordNeeded(code):
                print_error(self._texts(f"pipe_{code}"))
                self._end(2)
            case NotKept(path, reason):
                print_error(self._texts.not_kept(path, reason))
            case Throttled(seconds):
                self._throttled(seconds)
            case events.Ended(reason, seconds) if reason != "left":
                print_error(self._texts.ended(reason, seconds, self._chat.address))
                self._end(2 if reason == "bad_code" else 1)

    def _throttled(self, seconds: float) -> None:
        now = time.monotonic()
        if self._chat.status().phase is not events.Phase.ONLINE:
            print_error(self._texts("pipe_wait", time=self._texts.duration(seconds)))
            return
        if now > self._throttled_until:
            print_error(self._texts("pipe_throttled"))
        self._throttled_until = now + seconds + _THROTTLE_NOTICE_INTERVAL

    def _entered(self, event: events.Entered) -> None:
        if event.name != self._name and not self._has_entered:
            print_error(self._texts("pipe_similar", name=one_line(event.name)))
        self._has_entered = True
        if event.rejoined:
            print_error(self._texts("pipe_back"))
        if event.missed:
            print_error(self._texts.plural("pipe_missed", event.missed))
        for message in event.messages:
            if not (message.mine or message.deleted):
                self._write(message)

    def _write(self, event: Shown) -> None:
        """Write to stdout, and wait for its reader; after an error there, only stdin goes on."""
        if self._unwritable or self._exit_code is not None:
            return
        try:
            write(self._form(event))
        except BrokenPipeError:  # the reader has what it wanted (`| head`)
            self._end(0)
        except OSError as error:
            self._unwritable = True
            print_error(self._texts("pipe_unwritable", reason=error.strerror))
            if self._follow:
                self._end(1)

    def _end(self, code: int) -> None:
        self._exit_code = code
        self._ended.set()


def _is_acked(unsent: int, now: events.Status) -> bool:
    """Return whether fewer than `unsent` messages are unsent, or none will be acknowledged any more."""
    return len(now.unsent) < unsent or now.phase in _REFUSED


def _is_utf8(line: str) -> bool:
    """Return whether a line of stdin has no bytes that are not UTF-8."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
