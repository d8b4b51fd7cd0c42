"""Moderators, and guests whom they kick, ban and mute, who record all that while faults happen."""

import random
from collections.abc import Sequence

from chat_protocol.messages import (
    Ack,
    Authenticate,
    Bye,
    Delete,
    Edit,
    Error,
    Event,
    Message,
    Moderate,
    React,
    Say,
    Welcome,
)
from tests.faults.acts import can_be_acted_on
from tests.faults.participants import JsonParticipant, Kept
from tests.faults.wires import Opener, Wire

_FOR_LONG = 3600
_SECONDS = (1, 2, _FOR_LONG)
"""How long bans and mutes last: over at the end of a round, or after all rounds."""

_KINDS = {"kick": 3, "ban": 3, "unban": 3, "mute": 4, "unmute": 2, "delete": 6, "announce": 3, "topic": 2}
"""What moderators do, and how often."""

_MAX_BANNED = 2
"""With more, moderators end bans: somebody must be there who can be muted and kicked."""


class Moderator(JsonParticipant):
    """A moderator, who acts at random, mostly on guests. Each act has a word of its own in its text."""

    def __init__(
        self, name: str, opener: Opener, rng: random.Random, password: str, guests: Sequence[str]
    ) -> None:
        super().__init__(name, opener, rng)
        self.sent.in_order = False
        self._password = password
        self._guests = guests
        self._banned: set[str] = set()  # as its notices have said; guarded by `_lock`
        self._given_up: set[str] = set()  # refs of what it does not ask for again; guarded by `_lock`
        self._done = 0  # how many refs it has used; guarded by `_lock`

    def moderate(self) -> None:
        """Do something, now or after the next reconnect. Any thread, as all below."""
        with self._lock:
            kinds = ["unban"] if len(self._banned) > _MAX_BANNED else [*_KINDS]
            kind = self._rng.choices(kinds, [_KINDS[one] for one in kinds])[0]
            self._done += 1
            ref = f"{self.name}-{self._done}"
            word = ref.replace(" ", "-")
            if (command := self._command(kind, word, ref)) is not None:
                if command.text:
                    self.sent.said.append(command.text)
                self._put(ref, command)

    def give_up(self) -> None:
        """Ask no more for what is not answered yet, as a client that is closed: it happens once or never."""
        with self._lock:
            commands = [one for one in self._outbox.values() if isinstance(one, Moderate)]
            self.sent.open.update(one.text for one in commands)
            self.uncertain.update(one.id for one in commands if one.id is not None)
            self._given_up.update(self._outbox)
            self._outbox.clear()
            if self._wire is not None:
                self._wire.close()

    def _command(self, kind: str, word: str, ref: str) -> Moderate | None:
        match kind:
            case "announce":
                return Moderate("announce", text=f"<{word}> внимание", ref=ref)
            case "topic" if self._rng.random() < 0.25:
                return Moderate("topic", ref=ref)
            case "topic":  # who comes in with a text client is told of it: such words are not counted there
                return Moderate("topic", text=f"[{word}] о чём мы", ref=ref)
            case "delete":
                there = [one.id for _, one in sorted(self._shown.items()) if _can_be_deleted(one)]
                chosen = self._rng.choice(there[-30:]) if there else None
                if chosen is None:
                    return None
                return Moderate("delete", id=chosen, text=f"<{word}> спам", ref=ref)
            case "unban" if self._banned:
                return Moderate("unban", self._rng.choice(sorted(self._banned)), text=f"<{word}>", ref=ref)
            case "ban" | "mute":
                seconds = self._rng.choice(_SECONDS if kind == "mute" else (*_SECONDS, None))
                target = self._rng.choice(self._guests)
                return Moderate(kind, target, seconds=seconds, text=f"<{word}> хватит", ref=ref)
            case "kick" | "unmute":
                return Moderate(kind, self._rng.choice(self._guests), text=f"<{word}>", ref=ref)
        return None

    def _repeat(self, welcome: Welcome) -> None:
        if not welcome.moderator:
            self._send(Authenticate(self._password))
        super()._repeat(welcome)

    def _handle(self, event: Event, wire: Wire) -> bool:
        if isinstance(event, Error) and event.code == "not_moderator":
            return False  # all servers were down: it comes again, and becomes one first
        return super()._handle(event, wire)

    def _is_expected(self, error: Error, command: Kept) -> bool:
        return error.code in {"not_found", "no_topic", "is_notice"} or super()._is_expected(error, command)

    def _record(self, message: Message) -> None:
        super()._record(message)
        if message.notice is not None and message.notice.act == "ban":
            self._banned.add(message.notice.target)
        elif message.notice is not None and message.notice.act == "unban":
            self._banned.discard(message.notice.target)

    def _on_ack(self, ack: Ack) -> None:
        if ack.ref not in self._given_up:
            super()._on_ack(ack)


class Guest(JsonParticipant):
    """Somebody who is kicked, banned and muted, and comes back whenever it may."""

    is_banned = False
    """Whether it was told so when it last tried to come in. Written by its own thread."""

    def __init__(self, name: str, opener: Opener, rng: random.Random) -> None:
        super().__init__(name, opener, rng)
        self.sent.in_order = False

    def say(self, text: str) -> None:
        with self._lock:
            ref = f"{self.name}-{len(self.sent.said)}"
            self.sent.said.append(text)
            # An edited one, as a text client counts the words of a quote too.
            edited = [one.id for one in self._shown.values() if one.edited and can_be_acted_on(one)]
            self._put(ref, Say(text, ref, reply=self._rng.choice(edited) if edited else None))

    @property
    def session(self) -> str:
        """Its secret."""
        with self._lock:
            assert self._session is not None
            return self._session

    def note_open(self) -> None:
        """Note which of what it has said and done may still be answered."""
        with self._lock:
            self.sent.open.update(one.text for one in self._outbox.values() if isinstance(one, Say))
            acts = [one.id for one in self._outbox.values() if isinstance(one, Edit | Delete | React)]
            self.uncertain.update(acts)

    def _handle(self, event: Event, wire: Wire) -> bool:
        match event:
            case Error(code="banned"):
                return True  # the farewell follows
            case Bye(reason="banned"):
                self.is_banned = True
            case Welcome():
                self.is_banned = False
        return super()._handle(event, wire)

    def _is_expected(self, error: Error, command: Kept) -> bool:
        # Too late is what it does to messages of before a long ban, which may be settled by now.
        return error.code in {"muted", "too_late"} or super()._is_expected(error, command)


def _can_be_deleted(message: Message) -> bool:
    return not message.deleted and (message.notice is None or message.notice.act in {"announce", "topic"})
