"""Acts on messages in the log have the same effect in memory and on disk, whatever happens meanwhile."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from chat_protocol.message import redacted
from chat_protocol.messages import Ack, Message, Notice, Quote
from tcp_server.log import reactions
from tcp_server.log import sqlite_history as module
from tcp_server.log.history import History, Key, Unavailable, find_message
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.timing import IS_LONG
from tests.tcp_server.sqlite_log import AT, act, delete, ids, join_a_few, open_history, prune, react, say

LATER = "2026-11-22T05:44:00.000Z"
PERSONS = (b"anna", b"boris", b"vera", b"gleb")
REFS = ("m", "a", "b", "c", "d", "e", "z", "zz", "к", None)
EMOJIS = ("👍", "❤️", "🎉")

messages = st.builds(
    lambda text, kind, reply, mentions: Message(
        0, AT, "Анна", text, kind=kind, reply=reply and Quote(reply), mentions=mentions
    ),
    st.sampled_from(["раз", "два"]),
    st.sampled_from([None, None, "action"]),
    st.sampled_from([None, None, 1, 3]),
    st.sampled_from([(), (), ("Анна", "all")]),
)
persons = st.sampled_from(PERSONS)
refs = st.sampled_from(REFS)


class TwoLogs(RuleBasedStateMachine):
    """The same happens to a log in memory and to one on disk, of which little is in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "_RECENT", 2)
        self.patch.setattr(reactions, "_MAX_CACHED", 3)
        join_a_few(self.patch)
        self.folder = Path(tempfile.mkdtemp())
        self.on_disk = SqliteHistory(self.folder / "room.db")
        self.in_memory = MemoryHistory(1000)
        self.read_before: list[Message] = []

    def teardown(self) -> None:
        self.on_disk.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    @property
    def logs(self) -> tuple[History, History]:
        return self.in_memory, self.on_disk

    def known(self, key: Key) -> bool:
        person, ref = key
        return ref is not None and bool(self.in_memory.find_acks(person, [ref]))

    def choose(self, data: st.DataObject) -> Message:
        return data.draw(st.sampled_from(self.in_memory.before(10_000, 1000)), label="message")

    @rule(said=st.lists(st.tuples(messages, persons, refs), min_size=1, max_size=4))
    def say(self, said: list[tuple[Message, bytes, str | None]]) -> None:
        for message, person, ref in said:
            if not self.known((person, ref)):
                for log in self.logs:
                    log.append(replace(message, id=log.last + 1), person, ref)

    @rule(
        person=persons,
        said=st.lists(refs, min_size=1, max_size=8, unique=True),
        text=st.sampled_from(["at once", "at once", "at\nonce", ""]),
        ascend=st.booleans(),
        have_refs=st.booleans(),
    )
    def say_at_once(
        self, person: bytes, said: list[str | None], text: str, ascend: bool, have_refs: bool
    ) -> None:
        new = [ref for ref in said if ref is not None and not self.known((person, ref))]
        new = sorted(new) if ascend else new
        texts = [f"{text} {ref}" if text else "" for ref in new]
        added = [log.say(person, "Анна", AT, texts, new if have_refs else ()) for log in self.logs]
        assert added[0] == added[1]

    @precondition(lambda self: self.in_memory.first <= self.in_memory.last)
    @rule(data=st.data(), person=persons, ref=refs, kind=st.sampled_from(["edit", "delete", "react"]))
    def act(self, data: st.DataObject, person: bytes, ref: str | None, kind: str) -> None:
        if not self.in_memory.before(10_000, 1) or self.known((person, ref)):
            return
        message = self.choose(data)
        if message.deleted:
            return
        emoji, on = data.draw(st.sampled_from(EMOJIS)), data.draw(st.booleans())
        text = data.draw(st.sampled_from(["раз", "иначе"]))
        shown = []
        for log in self.logs:
            new: Message | None = redacted(message)
            if kind == "edit":
                new = replace(message, text=text, edited=LATER, mentions=("Вера",))
            if kind == "react":
                found = log.react(message.id, emoji, person, person.decode(), on=on)
                new = None if found is None else replace(message, reactions=found)
            act = log.last + 1
            log.note_act(Ack(ref or "", act, LATER), message.id, (person, ref))
            if new is not None:
                log.change(new, act)
            shown.append(new)
        assert shown[0] == shown[1]

    @rule(person=persons, ref=refs)
    def moderate(self, person: bytes, ref: str | None) -> None:
        if ref is not None and not self.known((person, ref)):
            for log in self.logs:
                notice = Message(log.last + 1, AT, "Сервер", "раз", Notice("kick", "Анна", "Борис"))
                log.append(notice)
                log.note_act(Ack(ref, notice.id, AT), notice.id, (person, ref))

    @rule()
    def look(self) -> None:
        self.read_before = self.in_memory.before(10_000, 1000)

    @rule()
    def commit(self) -> None:
        for log in self.logs:
            log.commit()

    @rule()
    def fail_to_commit(self) -> None:
        self.on_disk._db.execute("PRAGMA query_only = ON")
        with suppress(Unavailable):
            self.on_disk.commit()
        for log in self.logs:
            log.rollback()
        self.on_disk._db.execute("PRAGMA query_only = OFF")
        self.read_before = []

    @rule()
    def restart(self) -> None:
        self.commit()
        self.on_disk.close()
        self.on_disk = SqliteHistory(self.folder / "room.db")

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        self.commit()
        kept = ids(self.in_memory.before(10_000, 1000))
        if kept:
            below = data.draw(st.sampled_from(kept))
            for log in self.logs:
                log.forget(below)
            self.read_before = [one for one in self.read_before if one.id >= below]

    @invariant()
    def both_give_the_same_answers(self) -> None:
        memory, disk = self.logs
        kept = memory.before(10_000, 1000)
        assert (disk.last, disk.before(10_000, 1000)) == (memory.last, kept)
        for person in PERSONS:
            some = kept[::2]
            assert disk.own(kept, person) == memory.own(kept, person)
            assert disk.own(some, person) == memory.own(some, person) == memory.own(some[::-1], person)
            assert disk.reacted(ids(kept), person) == memory.reacted(ids(kept), person)
            known = [ref for ref in REFS if ref]
            assert disk.find_acks(person, known) == memory.find_acks(person, known)
        for message in (*kept, redacted(Message(9999, AT, "", ""))):
            assert disk.author(message.id) == memory.author(message.id)
            assert find_message(disk, message.id) == find_message(memory, message.id)
        for since in range(memory.last + 1):
            changed = memory.changed_after(since, 1000)
            assert disk.changed_after(since, 1000) == changed
            assert disk.changed_after(since, 2) == memory.changed_after(since, 2) == changed[:2]
        assert disk.as_now(self.read_before) == memory.as_now(self.read_before)

    @invariant()
    def what_is_shown_is_what_is_stored(self) -> None:
        kept = self.in_memory.before(10_000, 1000)
        for message in kept:
            counted = {one.emoji: one.count for one in message.reactions}
            mine = [self.in_memory.reacted([message.id], person).get(message.id, []) for person in PERSONS]
            assert counted == {
                one: sum(one in of for of in mine) for one in EMOJIS if any(one in of for of in mine)
            }
        assert self.in_memory.as_now(self.read_before) == [
            one for one in kept if one.id in ids(self.read_before)
        ]


TwoLogs.TestCase.settings = settings(
    max_examples=400 if IS_LONG else 25, stateful_step_count=25, deadline=None
)
TestTwoLogs = TwoLogs.TestCase


def test_ten_thousand_reactions(tmp_path: Path) -> None:
    with open_history(tmp_path / "room.db") as history:
        say(history, "раз")
        for number in range(10_000):
            react(history, 1, EMOJIS[number % 3], number.to_bytes(16))
        history.commit()
        (message,) = history.before(10, 1)
        assert [(one.emoji, one.count, len(one.names)) for one in message.reactions] == [
            ("👍", 3334, 3),
            ("❤️", 3333, 3),
            ("🎉", 3333, 3),
        ]
    with open_history(tmp_path / "room.db") as history:
        assert history.reacted([1], (4).to_bytes(16)) == {1: ["❤️"]}
        delete(history, 1)
        history.commit()
        assert history.reacted([1], (4).to_bytes(16)) == {}


def test_the_ref_of_an_act_may_be_used_again_when_its_message_is_forgotten(tmp_path: Path) -> None:
    with open_history(tmp_path / "room.db", keep=1) as history:
        say(history, "раз")
        act(history, 1, redacted, (b"anna", "r"))
        say(history, "два")
        assert history.find_acks(b"anna", ["r"]) == {"r": Ack("r", 2, AT)}
        while prune(history):
            pass
        assert history.find_acks(b"anna", ["r"]) == {}
        act(history, 3, redacted, (b"anna", "r"))
        history.commit()
    with open_history(tmp_path / "room.db") as history:
        assert history.find_acks(b"anna", ["r"]) == {"r": Ack("r", 4, AT)}
