"""Tells of new messages to who looks elsewhere: in the title of the window, by a bell or a notification."""

from collections.abc import Mapping
from typing import Final

from prompt_toolkit.output import Output

from chat_client.events import ClientEvent, Entered, NewMessage
from chat_protocol.address import Address
from chat_protocol.contract import MAX_TITLE
from chat_protocol.messages import About, Message
from chat_protocol.text import clean, one_line
from cli_client.arguments import When
from cli_client.ignored import Ignored
from cli_client.layout import Fragments
from cli_client.message_lines import is_for
from cli_client.plain_text import plain_text
from cli_client.translations import Translations

_MAX_TEXT: Final = 200  # code points of a notification
_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"  # xterm; others ignore it
# OSC 9 is of iTerm2, OSC 777 of rxvt-unicode; a BEL ends both.
_OSC_9_PROGRAMS: Final = frozenset({"iTerm.app", "WezTerm", "ghostty"})
_OSC_9_TERMS: Final = ("xterm-kitty", "xterm-ghostty")
_OSC_777_TERMS: Final = ("foot", "rxvt-unicode")


class Notifier:
    """Counts what has come since the last key, and since the focus came or went. Owned by the main thread.

    `environment` says which terminal this is; what does not pass notifications on gets a bell, as tmux does.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is another setting
        self,
        texts: Translations,
        address: Address,
        output: Output,
        when: When,
        environment: Mapping[str, str],
        ignored: Ignored,
    ) -> None:
        self._texts = texts
        self._address = address
        self._output = output
        self._when = when
        self._ignored = ignored
        self._format = _notification(environment)
        self._me = ""
        self._room = ""  # its title
        self._unread = self._for_me = 0
        self._told = (-1, -1)  # what the title says
        self._loud: Message | None = None  # what is still to be told of aloud

    def start(self) -> None:
        """Give the window our title."""
        self._output.write_raw(_SAVE_TITLE)
        self.tell()

    def stop(self) -> None:
        """Give the window its own title back."""
        self._output.clear_title()
        self._output.write_raw(_RESTORE_TITLE)
        self._output.flush()

    def note(self, event: ClientEvent) -> None:
        """Count the messages of others that an event has brought."""
        match event:
            case Entered(name, rejoined, messages=messages):
                self._me = name
                self._name_room(event.title)
                for message in messages if rejoined else ():
                    self._note(message)
            case NewMessage(message, own=False):
                self._note(message)
            case About(title):
                self._name_room(title)

    def _name_room(self, title: str) -> None:
        if title != self._room:
            self._room, self._told = one_line(title)[:MAX_TITLE], (-1, -1)

    def _note(self, message: Message) -> None:
        if self._ignored.hides(message):
            return
        if message.mine or message.deleted or (message.notice and message.notice.act != "announce"):
            return
        is_for_me = is_for(message, self._me)
        self._unread += 1
        self._for_me += is_for_me
        if self._when == "all" or (self._when == "mentions" and is_for_me):
            self._loud = message

    def read(self) -> None:
        """Count anew: a key was pressed, or the focus came or went."""
        self._unread = self._for_me = 0
        if self._told != (0, 0):
            self.tell()

    def tell(self, *, has_focus: bool = False) -> None:
        """Say in the title how many have come; ring or notify once if there is reason to.

        Where the terminal has the focus, the person sees it without.
        """
        if self._told != (self._unread, self._for_me):
            self._told = (self._unread, self._for_me)
            self._output.set_title(self._title())
        if self._loud and not has_focus:
            name, text = one_line(self._loud.name), plain_text(clean(self._loud.text))[:_MAX_TEXT]
            self._output.write_raw(self._format.format(name=name.replace(";", ","), text=text))
        self._loud = None
        self._output.flush()

    def news(self) -> Fragments:
        """Return how many have come since then, and how many of them are for us; may be empty."""
        return [("class:warning" if self._for_me else "class:dim", self._news())] if self._unread else []

    def _news(self) -> str:
        new = self._texts.plural("title_new", self._unread)
        return new + (self._texts("title_for_you", count=self._for_me) if self._for_me else "")

    def _title(self) -> str:
        title = f"{self._room or 'Oneroom'} · {self._address}"
        return f"{self._news()} · {title}" if self._unread else title


def _notification(environment: Mapping[str, str]) -> str:
    """Return how this terminal is told to notify: a bell, unless it is known to do more."""
    term = environment.get("TERM", "")
    if "TMUX" in environment or "STY" in environment:
        return "\a"
    if environment.get("TERM_PROGRAM") in _OSC_9_PROGRAMS or term in _OSC_9_TERMS:
        return "\x1b]9;Oneroom · {name}: {text}\a"  # not a digit first: "4;" would be a progress bar
    if term.startswith(_OSC_777_TERMS):
        return "\x1b]777;notify;Oneroom · {name};{text}\a"
    return "\a"
