"""A participant that uses the engine of our terminal client."""

from collections.abc import Iterable

from chat_client.chat import Chat
from chat_client.events import ClientEvent, Entered, MessageRefused, NameRefused, NewMessage, OlderMessages
from chat_protocol.address import Address
from chat_protocol.messages import Message
from tests.faults.acts import Acted, original
from tests.faults.checker import Seen, Sent
from tests.support.timing import TIMEOUT

_PAGE = 500


class TerminalParticipant:
    """A participant that uses the engine of our terminal client, without a terminal."""

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self.sent = Sent()
        self.seen = Seen(name)
        self.errors: list[str] = []
        self.acted: list[Acted] = []
        self._chat = Chat(address, self._on_event, history=0)
        self._own: set[str] = set()  # written by `say`
        # Written by the room thread, which alone calls `_on_event`. The log is empty at the start.
        self._known: set[int] = set()
        self._newest = 0

    def start(self) -> None:
        self._chat.set_name(self.name)
        self._chat.start()
        assert self._chat.wait_for(lambda status: bool(status.members), TIMEOUT), f"{self.name} never joined"

    def say(self, text: str) -> None:
        self.sent.said.append(text)
        self._own.add(text)
        self._chat.say(text)

    def act(self) -> None:
        """Do nothing: it only sees the acts of others."""

    def shown(self) -> dict[int, Message]:
        return {message.id: message for message in self._chat.newest(1000)}

    def tick(self) -> None:
        """Do nothing: the client pings by itself."""

    def is_up_to_date(self, newest: int) -> bool:
        return self._newest >= newest and not self._has_gaps() and not self._chat.status().unsent

    def members(self) -> list[str]:
        return list(self._chat.status().members)

    def stop(self) -> None:
        self._chat.leave(timeout=TIMEOUT)

    def __str__(self) -> str:
        status = self._chat.status()
        return f"{self.name} ({status.phase.name} {status.reason}, {len(status.unsent)} unsent)"

    def _on_event(self, event: ClientEvent) -> None:
        match event:
            case Entered(messages=messages):
                self.seen.runs.append([])
                self._record(messages)
                if self._has_gaps():
                    self._chat.load_older(_PAGE)
            case NewMessage(message=message):
                if message.id < self._newest:  # its own, acknowledged late
                    self.seen.runs.append([])
                self._record([message])
            case OlderMessages(messages=messages):
                live = self.seen.runs.pop()
                self.seen.runs.append([])
                self._record(messages)
                self.seen.runs.append(live)
                if messages and self._has_gaps():
                    self._chat.load_older(_PAGE)
            case MessageRefused(text=text):
                self.sent.refused.add(text)
            case NameRefused():
                self.errors.append(f"{event.code}: {event.detail}")
            case _:
                pass

    def _record(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.seen.runs[-1].append((message.id, original(message.text)))
            self._newest = max(self._newest, message.id)
            self._known.add(message.id)
            if message.text in self._own:
                self.sent.acked[message.text] = message.id

    def _has_gaps(self) -> bool:
        transcript = self._chat._conversation.transcript
        return transcript is None or bool(transcript._gaps)
