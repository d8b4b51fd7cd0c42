"""The fold: the same entries give the same state, whoever applies them and however often they come."""

import builtins
import datetime as dt
import os
import random
import secrets
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chat_protocol import codec
from tcp_server import config
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import fold as module
from tcp_server.room import proposals as p
from tcp_server.room.fold import Fold
from tcp_server.room.moderation.bans import Sanction
from tests.support.timing import IS_LONG
from tests.tcp_server.room.test_proposals import ONE_OF_EACH

EXAMPLES = 400 if IS_LONG else 10
AT = 1_795_326_183_120
SERVERS = ("one", "two")
NAMES = ("Анна", "Борис", "Вера")
SESSIONS = (b"a", b"b", None)
CODE = b"code"

names = st.sampled_from(NAMES)
seats = st.integers(1, 3)
refs = st.sampled_from([None, "r", "s", "t", "u", "v"])
numbers = st.integers(1, 20)
untils = st.integers(0, 40).map(lambda seconds: AT / 1000 + seconds)
proposals = st.one_of(
    st.builds(
        lambda seat, session, name, quiet, code: p.Join(seat, session, name, (name.lower(),), quiet, code),
        seats,
        st.sampled_from(SESSIONS),
        names,
        st.booleans(),
        st.sampled_from([b"", b"", b"", CODE]),
    ),
    st.builds(p.Part, seats, st.booleans(), forget=st.booleans()),
    st.builds(p.Link, seats, st.just(CODE), untils, st.integers(0, 9)),
    st.builds(p.Hold, seats, untils),
    st.builds(p.Reap, st.integers(1, 6), st.integers(1, 40)),
    st.builds(
        p.Say,
        seats,
        st.lists(st.tuples(st.sampled_from([None, "r", "s", "t"]), st.just("текст")), max_size=4),
    ),
    st.builds(
        p.Post, seats, refs, st.just("@Анна"), st.none() | numbers, st.just("action"), st.just(["Анна"])
    ),
    st.builds(p.Edit, seats, refs, numbers, st.sampled_from(["новый", "текст"]), st.just([]), st.just(5.0)),
    st.builds(p.Delete, seats, refs, numbers),
    st.builds(p.React, seats, refs, numbers, st.sampled_from(["👍", "❤️"]), st.booleans()),
    st.builds(p.Role, seats),
    st.builds(
        lambda seat, act, name, id_, seconds: p.Act(seat, act, name, (name.lower(),), id_, seconds, "почему"),
        seats,
        st.sampled_from(["kick", "ban", "unban", "mute", "unmute", "delete", "announce", "topic"]),
        names,
        st.integers(1, 20),
        st.sampled_from([None, 5]),
    ),
    st.builds(p.Forget, st.integers(1, 20)),
)


def state(fold: Fold) -> Any:
    """Return all that is stored, and the messages."""
    history = fold.history
    messages = history.before(history.last + 1, 1000)
    texts = codec.encode_all(messages)  # a sequence in memory may be of another type
    known = [history.find_acks(session, [*"rstuv"]) for session in SESSIONS if session]
    own = [(history.own(messages, one), history.reacted(range(20), one)) for one in SESSIONS if one]
    changed = [codec.encode_all(history.changed_after(id_, 100)) for id_ in range(history.last)]
    records = sorted(history.members.all()), sorted(history.persons.all())
    return history.last, texts, known, own, changed, records, history.sanctions, history.head


class EntriesOfTwoServers(RuleBasedStateMachine):
    """Two servers append entries, which three folds apply; one of these is started anew now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        folder = Path(self.resources.enter_context(tempfile.TemporaryDirectory()))
        self.path = folder / "room.db"
        self.on_disk = SqliteHistory(self.path)
        histories: list[MemoryHistory | SqliteHistory] = [
            MemoryHistory(1000),
            MemoryHistory(1000),
            self.on_disk,
        ]
        for history in histories:
            history.epoch = "the same"
        self.folds = [Fold(history) for history in histories]
        self.position = self.at = 0
        self.runs: dict[str, tuple[bytes, int]] = {}  # incarnation, and the last `seq`
        self.seen: list[p.Entry] = []

    def teardown(self) -> None:
        self.on_disk.close()
        self.resources.close()

    def _append(self, entry: p.Entry) -> None:
        self.position += 1
        self.at += 1000
        data = p.encode(entry)
        effects = []
        for fold in self.folds:
            effects.append(fold.fold(self.position, AT + self.at, p.decode(data)))
            fold.commit()
        assert (
            msgspec.json.encode(effects[0])
            == msgspec.json.encode(effects[1])
            == msgspec.json.encode(effects[2])
        )

    def _propose(self, server: str, *proposed: p.AnyProposal) -> None:
        incarnation, seq = self.runs[server]
        entry = p.Entry(p.FORMAT, incarnation, seq + 1, proposed)
        self.runs[server] = incarnation, seq + 1
        self.seen.append(entry)
        self._append(entry)

    @initialize()
    def both_servers_start(self) -> None:
        for server in SERVERS:
            self.a_server_starts_anew(server)

    @rule(server=st.sampled_from(SERVERS))
    def a_server_starts_anew(self, server: str) -> None:
        self.runs[server] = f"{server}{self.position:05}".encode(), 0
        self._propose(server, p.Up(server, self.position))

    @rule(server=st.sampled_from(SERVERS), proposed=st.lists(proposals, min_size=1, max_size=6))
    def propose(self, server: str, proposed: list[p.AnyProposal]) -> None:
        self._propose(server, *proposed)

    @rule(data=st.data())
    def an_entry_comes_again(self, data: st.DataObject) -> None:
        before = [state(fold)[:-1] for fold in self.folds]
        self._append(data.draw(st.sampled_from(self.seen)))
        assert [state(fold)[:-1] for fold in self.folds] == before

    @rule(server=st.sampled_from(SERVERS))
    def an_entry_is_lost(self, server: str) -> None:
        """What comes after it does not count, until the lost one has come."""
        incarnation, seq = self.runs[server]
        before = [state(fold)[:-1] for fold in self.folds]
        self._append(p.Entry(p.FORMAT, incarnation, seq + 2, [p.Join(9, None, "Глеб", ("глеб",))]))
        assert [state(fold)[:-1] for fold in self.folds] == before

    @rule()
    def one_of_those_who_apply_them_starts_anew(self) -> None:
        self.on_disk.close()
        self.on_disk = SqliteHistory(self.path)
        self.on_disk.epoch = "the same"
        self.folds[2] = Fold(self.on_disk)

    @invariant()
    def all_are_in_the_same_state(self) -> None:
        one, two, three = map(state, self.folds)
        assert one == two == three

    @invariant()
    def messages_have_increasing_ids_and_each_name_is_there_once(self) -> None:
        fold = self.folds[0]
        ids = [message.id for message in fold.history.before(fold.history.last + 1, 1000)]
        assert ids == sorted(set(ids))
        members = list(fold.members)
        assert len({member.name for member in members}) == len(members)
        for member in members:
            assert member.seats or member.quiet or member.absent_since is not None


TestEntriesOfTwoServers = EntriesOfTwoServers.TestCase
TestEntriesOfTwoServers.settings = settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make time, chance, files, processes and settings raise."""

    def raise_(*_: object, **__: object) -> Any:
        raise AssertionError("apply is not pure")

    for owner, names_ in (
        (time, ("time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime")),
        (random, ("random", "choice", "randrange", "getrandbits")),
        (secrets, ("token_bytes", "token_hex", "token_urlsafe", "choice")),
        (os, ("urandom", "getpid", "getenv", "open", "stat")),
        (builtins, ("open",)),
        (config, ("Config", "load")),
    ):
        for name in names_:
            monkeypatch.setattr(owner, name, raise_)

    class Timeless(dt.datetime):
        now = utcnow = today = raise_

    monkeypatch.setattr(dt, "datetime", Timeless)


def test_to_apply_needs_no_clock_chance_file_or_setting() -> None:
    fold = Fold(MemoryHistory(1000))
    *rest, last = sorted(ONE_OF_EACH, key=lambda one: isinstance(one, p.Epoch))  # it ends all runs
    entry = p.Entry(p.FORMAT, b"incarnat", 1, rest)
    said = [
        one for one in ONE_OF_EACH if isinstance(one, p.Say | p.Post | p.Change | p.Act | p.Role | p.Link)
    ]
    again = p.Entry(p.FORMAT, b"incarnat", 2, [p.Join(1, b"a", "Анна", ("анна",)), *said])
    with pytest.MonkeyPatch.context() as patch:  # no longer: pytest needs these too
        forbid(patch)
        fold.fold(1, AT, entry)
        effects = fold.fold(2, AT, again)
        fold.fold(3, AT, p.Entry(p.FORMAT, b"incarnat", 3, [last]))
        fold.commit()
    assert effects


def test_the_fold_imports_no_clock_and_no_setting() -> None:
    for name in ("time", "random", "secrets", "os", "Config"):
        assert not hasattr(module, name)


def test_a_ban_is_over_by_the_time_of_the_entry() -> None:
    fold = Fold(MemoryHistory(1000))
    ban = Sanction("Борис", "2026-11-22T05:43:03.120Z", (AT + 1000) / 1000, "Анна", keys=("борис",))
    join = p.Join(1, b"b", "Борис", ("борис",))
    fold.fold(1, AT, p.Entry(p.FORMAT, b"incarnat", 1, [p.Up("one", 0), p.Sanctioned(ban.at, [ban], [])]))
    fold.fold(2, AT + 999, p.Entry(p.FORMAT, b"incarnat", 2, [join]))
    assert fold.members.names() == []
    fold.fold(3, AT + 1000, p.Entry(p.FORMAT, b"incarnat", 3, [join]))
    assert fold.members.names() == ["Борис"]


def test_who_has_returned_meanwhile_is_not_removed() -> None:
    fold = Fold(MemoryHistory(1000))
    join, part = p.Join(1, b"b", "Борис", ("борис",)), p.Part(1, hold_name=True)
    fold.fold(1, AT, p.Entry(p.FORMAT, b"incarnat", 1, [p.Up("one", 0), join, part]))
    reap = p.Reap(1, 1)
    fold.fold(2, AT, p.Entry(p.FORMAT, b"incarnat", 2, [join, part]))
    fold.fold(3, AT, p.Entry(p.FORMAT, b"incarnat", 3, [reap]))
    assert fold.members.names() == ["Борис"]
    fold.fold(4, AT, p.Entry(p.FORMAT, b"incarnat", 4, [p.Reap(1, 2)]))
    assert fold.members.names() == []


def test_a_late_start_of_an_earlier_run_does_not_end_the_present_one() -> None:
    fold = Fold(MemoryHistory(1000))
    late = p.Entry(p.FORMAT, b"earlier", 1, [p.Up("one", 0)])
    fold.fold(1, AT, late)
    fold.fold(2, AT, p.Entry(p.FORMAT, b"present", 1, [p.Up("one", 1)]))
    fold.fold(3, AT, p.Entry(p.FORMAT, b"present", 2, [p.Join(1, None, "Анна", ("анна",))]))
    fold.fold(4, AT, late)
    assert fold.members.names() == ["Анна"]


def test_another_server_keeps_its_roles_when_one_starts() -> None:
    fold = Fold(MemoryHistory(1000))
    join = p.Join(1, b"a", "Анна", ("анна",))
    fold.fold(1, AT, p.Entry(p.FORMAT, b"one", 1, [p.Up("one", 0), join, p.Role(1)]))
    fold.fold(2, AT, p.Entry(p.FORMAT, b"two", 1, [p.Up("two", 1)]))
    assert [member.moderator for member in fold.members] == [True]
    fold.fold(3, AT, p.Entry(p.FORMAT, b"two", 2, [p.Up("two", 2)]))
    assert [member.moderator for member in fold.members] == [True]
