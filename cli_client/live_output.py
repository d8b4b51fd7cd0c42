"""The output of a command or a pipe as a live message, whatever becomes of the room."""

import sys
from contextlib import suppress
from getpass import getpass
from typing import Final

from chat_client import events
from chat_client.errors import ConversationEnded, InternalError, Refused
from chat_client.events import Phase
from chat_client.joining import IfTaken
from chat_client.live_message import END_TIMEOUT, LiveMessage
from cli_client.output import print_error
from cli_client.room_options import RoomOptions
from cli_client.translations import Translations

_READY_TIMEOUT: Final = 2.0  # seconds that a command waits for the room before it begins
_UNREACHED_TIMEOUT: Final = 3.0  # seconds that its end waits for a room that is not there
_UNDECIDED: Final = (Phase.CONNECTING,)


class LiveOutput:
    """The live message of one output. Owned by the main thread; nothing here raises for the room's sake.

    `columns` and `rows` are the size of the terminal.
    """

    def __init__(
        self, room: RoomOptions, texts: Translations, title: str, size: tuple[int, int], *, or_similar: bool
    ) -> None:
        self._texts = texts
        self._address = room.address
        self._is_quiet = False  # what happens is no longer told: the terminal is the command's
        self._chat = room.chat(
            self._on_event, history=0, if_taken=IfTaken.SIMILAR if or_similar else IfTaken.WAIT
        )
        self._chat.set_name(room.name)
        self._chat.start()
        self._chat.wait_for(lambda status: status.phase not in _UNDECIDED, _READY_TIMEOUT)
        while self._chat.status().phase is Phase.PASSWORD_NEEDED and sys.stdin and sys.stdin.isatty():
            self._chat.set_password(getpass(texts("ask_password")))
            self._chat.wait_for(lambda status: status.phase not in _UNDECIDED, _READY_TIMEOUT)
        self._is_quiet = True
        self._live = LiveMessage(self._chat, title, columns=size[0], rows=size[1])
        self.write = self._live.write
        """Adds output."""
        self.resize = self._live.resize
        """Takes over the size of the window."""

    def end(self, code: int | None) -> bool:
        """End the message and leave; return whether the room has all of it, and say why not."""
        is_there = self._chat.status().phase is Phase.ONLINE
        reason = ""
        try:
            self._live.end(code, END_TIMEOUT if is_there else _UNREACHED_TIMEOUT)
        except Refused as error:
            reason = self._texts.error(error.code, error.detail, error.seconds)
        except ConversationEnded as error:
            reason = self._texts.ended(error.reason, error.seconds, self._address)
        except InternalError as error:
            reason = self._texts("live_broken", error=str(error))
        except (TimeoutError, KeyboardInterrupt):
            reason = self._texts.lost(self._chat.status().reason or "timeout", self._address) + "."
        if reason:
            print_error(self._texts("live_unsent", reason=reason))
        with suppress(KeyboardInterrupt):
            self._chat.leave()
        return not reason

    def _on_event(self, event: events.ClientEvent) -> None:
        """Say what happens before the command begins. The room thread."""
        if self._is_quiet:
            if isinstance(event, events.NameRefused | events.PasswordNeeded):
                self._chat.stop(event.code)
            return
        match event:
            case events.ConnectionLost(reason):
                print_error(self._texts("live_later", reason=self._texts.lost(reason, self._address)))
            case events.NameRefused(code, detail):
                print_error(self._texts.error(code, detail))
                self._chat.stop(code)
            case events.PasswordNeeded(code):
                can_ask = sys.stdin is not None and sys.stdin.isatty()
                print_error(self._texts(code if can_ask else f"pipe_{code}"))
                if not can_ask:
                    self._chat.stop(code)
