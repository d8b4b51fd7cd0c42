"""A server that comes in at a checkpoint decides as all others, and has their messages in the end."""

import itertools
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol import messages as m
from tcp_server.log import checkpoint
from tcp_server.log.history import NotFetched, find_message
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import read_only
from tcp_server.log.pieces import BadPiece, read_piece
from tcp_server.log.query import Query
from tcp_server.log.replay import Replay
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.log.word_index import WordIndex
from tcp_server.room import proposals as p
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold
from tcp_server.room.redaction import without_text
from tests.tcp_server.sqlite_log import join_a_few

RUN = b"incarnat"
ANNA, BORIS = b"a" * 16, b"b" * 16


class Node:
    """A fold over a log on disk, which may be opened anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open()

    def open(self) -> None:
        self.history = SqliteHistory(self.path, redact=without_text)
        self.fold = Fold(self.history)

    def take(self, position: int, entry: p.Entry, *, commits: bool = True) -> list[Effect]:
        self.history.note_entry(position, p.encode(entry))
        effects = self.fold.fold(position, 1_700_000_000_000 + position, entry)
        if commits:
            self.fold.commit()
        return effects

    def install(self, data: bytes) -> None:
        self.history.close()
        checkpoint.install(self.path, data)
        self.open()

    def rows(self) -> tuple[list[m.Message], str]:
        with read_only(self.path) as db:
            report = examine(db)
        assert report.faults == []
        return self.history.before(self.history.last + 1, 10_000), report.digest


class Cluster:
    """Two nodes, of which the second can be away."""

    def __init__(self, folder: Path) -> None:
        self.first = Node(folder / "first.db")
        self.second = Node(folder / "second.db")
        self._seq = itertools.count(1)
        self.is_together = True
        self.commits = True
        """Whether the second node commits each entry."""

    def apply(self, *proposals: p.AnyProposal) -> list[Effect]:
        entry = p.Entry(p.FORMAT, RUN, next(self._seq), proposals)
        position = self.first.fold.moment.position + 10
        effects = self.first.take(position, entry)
        if self.is_together:
            assert self.second.take(position, entry, commits=self.commits) == effects
            assert self.second.fold.state() == self.first.fold.state()
        return effects

    def come_in(self) -> None:
        """Let the second node begin at a checkpoint of the first."""
        position, data = checkpoint.make(self.first.path)
        assert position == self.first.fold.moment.position
        self.second.install(data)
        assert self.second.fold.moment.position == position
        assert self.second.fold.state() == self.first.fold.state()
        self.is_together = True

    def fill(self, max_bytes: int = 400) -> bool:
        """Give the second node one piece more; return whether it needs others."""
        if self.second.history.missing:
            piece = read_piece(self.first.path, self.second.history.missing.stop, max_bytes)
            assert self.second.history.fill(piece)
        return bool(self.second.history.missing)

    def close(self) -> None:
        self.first.history.close()
        self.second.history.close()


@pytest.fixture(autouse=True, scope="module")
def joined_rows() -> Iterator[None]:
    """Few messages are enough for a row of several."""
    with pytest.MonkeyPatch.context() as patch:
        join_a_few(patch)
        yield


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Anna and Boris, a moderator, have said nine messages; the second node is away since the first one."""
    with closing(Cluster(tmp_path)) as cluster:
        begin(cluster)
        cluster.is_together = False
        for number in range(1, 10):
            cluster.apply(p.Say(2 - number % 2, [(f"r{number}", f"слово {number}")]))
        yield cluster


def begin(cluster: Cluster) -> None:
    cluster.apply(
        p.Up("a", 0),
        p.Join(1, ANNA, "Анна", ("анна",)),
        p.Join(2, BORIS, "Борис", ("борис",)),
        p.Role(2),
    )


def of(cluster: Cluster, message_id: int) -> tuple[str, str]:
    message = find_message(cluster.first.history, message_id)
    assert message is not None
    return message.name, message.at


def ids(messages: Sequence[m.Message]) -> list[int]:
    return [message.id for message in messages]


def complete(cluster: Cluster) -> None:
    while cluster.fill():
        pass
    assert cluster.second.rows() == cluster.first.rows()


def test_without_settled_messages_nothing_is_missing(cluster: Cluster) -> None:
    cluster.apply(
        p.Hold(1, 2e9), p.Act(2, "mute", "Анна", ("анна",), seconds=60), p.React(2, "x", 1, "👍", on=True)
    )
    cluster.come_in()
    assert not cluster.second.history.missing
    assert cluster.second.rows() == cluster.first.rows()
    cluster.apply(p.Say(1, [("r9", "слово 9")]), p.React(2, "y", 2, "👍", on=True))
    assert cluster.second.rows() == cluster.first.rows()


def test_what_is_missing_is_unavailable_until_it_is_fetched(cluster: Cluster) -> None:
    cluster.apply(p.Settle(6))
    cluster.come_in()
    history = cluster.second.history
    assert (history.missing, history.first, history.last) == (range(1, 6), 1, 9)
    replay = Replay(history, 500)
    page = replay.page(10, 50, ANNA)
    assert (ids(page.messages), page.more, page.first) == ([6, 7, 8, 9], True, 6)
    with pytest.raises(NotFetched, match="still being fetched"):
        replay.page(6, 50, ANNA)
    assert replay.page(1, 50, ANNA).messages == []
    with pytest.raises(NotFetched):
        find_message(history, 3)
    assert history.count_after(0) == 9
    assert history.count_after(6) == 3
    unseen = replay.unseen(m.Position(history.epoch, 8), 50, ANNA)
    assert unseen.is_stale  # acts before the checkpoint may have changed what this client has
    cluster.apply(p.Say(1, [("s", "ещё")]))
    unseen = replay.unseen(m.Position(history.epoch, 9), 50, ANNA)
    assert (ids(unseen.page.messages), unseen.is_stale) == ([10], False)
    cluster.fill(1)
    assert (history.missing, ids(replay.page(10, 50, ANNA).messages)) == (range(1, 5), [5, 6, 7, 8, 9])
    complete(cluster)
    page = Replay(history, 500).page(11, 50, ANNA)
    assert (len(page.messages), page.more) == (10, False)


def test_a_restart_goes_on_with_what_is_missing(cluster: Cluster) -> None:
    cluster.apply(p.Settle(7))
    cluster.come_in()
    cluster.apply(p.Act(2, "delete", id=2, ref="d", of=of(cluster, 2)))
    cluster.fill(1)
    cluster.second.history.close()
    cluster.second.open()
    assert cluster.second.history.missing == range(1, 6)
    assert cluster.second.fold.state() == cluster.first.fold.state()
    complete(cluster)
    assert cluster.second.history.before(3, 1)[0].deleted


def test_a_piece_is_taken_in_only_where_and_when_it_fits(cluster: Cluster) -> None:
    cluster.apply(p.Settle(6))
    early = read_piece(cluster.first.path, 6, 1)
    cluster.apply(p.Say(1, [("s", "ещё")]))
    cluster.come_in()
    history = cluster.second.history
    with pytest.raises(BadPiece):  # acts behind it, before the checkpoint, would not be known here
        history.fill(early)
    with pytest.raises(BadPiece):
        history.fill(read_piece(cluster.first.path, 5, 1))
    with pytest.raises(BadPiece):
        history.fill(b"noise")
    cluster.is_together = False
    cluster.apply(p.Say(1, [("t", "и ещё")]))
    late = read_piece(cluster.first.path, 6, 1)
    assert not history.fill(late)
    entry = p.decode(cluster.first.history.entries_after(cluster.second.fold.moment.position)[0][1])
    cluster.second.take(cluster.first.fold.moment.position, entry)
    assert history.fill(late)
    with pytest.raises(BadPiece):
        history.fill(late)
    with pytest.raises(NotFetched):
        read_piece(cluster.second.path, 5, 1)
    complete(cluster)


def test_a_deletion_meanwhile_is_in_what_is_fetched(cluster: Cluster) -> None:
    cluster.apply(p.React(2, "x", 1, "👍", on=True), p.Settle(6))
    cluster.come_in()
    piece = read_piece(cluster.first.path, 6, 10_000)  # before they are deleted
    cluster.apply(p.Delete(1, "d", 1, of(cluster, 1)))
    cluster.apply(p.Act(2, "delete", id=3, of=of(cluster, 3)), p.Act(2, "delete", id=3, of=of(cluster, 3)))
    assert cluster.second.history.fill(piece)
    assert cluster.second.rows()[0] == cluster.first.rows()[0]
    cluster.second.history.tidy()
    assert "слово 1".encode() not in b"".join(
        one.read_bytes() for one in cluster.second.path.parent.glob("second*")
    )


def test_what_is_forgotten_is_no_longer_missing(cluster: Cluster) -> None:
    cluster.apply(p.Settle(6))
    cluster.come_in()
    cluster.apply(p.Forget(3))
    assert cluster.second.history.missing == range(3, 6)
    assert cluster.second.history.oldest_to_keep(0.0) == 3
    complete(cluster)
    cluster.come_in()
    cluster.apply(p.Forget(8))
    assert not cluster.second.history.missing
    assert cluster.second.rows() == cluster.first.rows()


def test_a_search_says_that_messages_are_missing(cluster: Cluster) -> None:
    cluster.apply(p.Settle(6))
    cluster.come_in()
    with closing(WordIndex(cluster.second.path)) as index:
        assert [ids(chunk) for chunk in index.chunks(Query("слово").prefixes, None)] == [[6, 7, 8, 9], []]
        assert index.is_cut
        assert [ids(chunk) for chunk in index.chunks(Query("слово").prefixes, 6)] == [[], []]
        complete(cluster)
        assert [ids(chunk) for chunk in index.chunks(Query("слово").prefixes, None)] == [[*range(1, 10)]]
        assert not index.is_cut


def test_a_checkpoint_is_not_too_large(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkpoint.to_settle(cluster.first.path) == 0
    monkeypatch.setattr(checkpoint, "_MAX_IDS", 5)
    assert checkpoint.to_settle(cluster.first.path) == 5
    monkeypatch.setattr(checkpoint, "_MAX_BYTES", 500)
    assert checkpoint.to_settle(cluster.first.path) == 5  # so few are small in any case
    monkeypatch.setattr(checkpoint, "_MIN_IDS", 1)
    assert checkpoint.to_settle(cluster.first.path) == 7


def test_a_checkpoint_that_cannot_be_read_changes_nothing(cluster: Cluster) -> None:
    path = cluster.second.path
    cluster.second.history.close()
    before = path.read_bytes()
    _, data = checkpoint.make(cluster.first.path)
    other = zlib.compress(b"\0\0\0\1" + msgspec.msgpack.encode([2]))
    for bad in (b"noise", data[:-9], zlib.compress(b""), other):
        with pytest.raises(checkpoint.BadCheckpoint):
            checkpoint.install(path, bad)
    assert path.read_bytes() == before
    assert not [*path.parent.glob("*.installed*")]
    cluster.second.open()


class Steps:
    """What may happen, each with its ref."""

    def __init__(self, cluster: Cluster, ref: str) -> None:
        self._cluster = cluster
        self._history = cluster.first.history
        self._ref = ref

    def say(self, seat: int, text: int, count: int = 1) -> None:
        """Say texts, sometimes again."""
        numbers = range(text, text + count)
        self._cluster.apply(p.Say(seat, [(f"say{number:02}", f"слово {number}") for number in numbers]))

    def edit(self, seat: int, id_: int) -> None:
        self._cluster.apply(p.Edit(seat, self._ref, id_, f"другое {self._ref}", (), 900.0))

    def delete(self, seat: int, id_: int) -> None:
        message = self._deletable(id_)
        if message is not None and self._history.author(id_) == (ANNA, BORIS)[seat - 1]:
            self._cluster.apply(p.Delete(seat, self._ref, id_, (message.name, message.at)))

    def moderate(self, id_: int) -> None:
        message = self._deletable(id_)
        if message is not None:
            self._cluster.apply(p.Act(2, "delete", id=id_, ref=self._ref, of=(message.name, message.at)))

    def react(self, seat: int, id_: int, on: bool) -> None:
        self._cluster.apply(p.React(seat, self._ref, id_, "👍", on=on))

    def reply(self, seat: int, id_: int) -> None:
        self._cluster.apply(p.Post(seat, self._ref, f"ответ {self._ref}", reply=id_))

    def settle(self, id_: int) -> None:
        self._cluster.apply(p.Settle(id_))

    def forget(self, id_: int) -> None:
        if find_message(self._history, id_) is not None:
            self._cluster.apply(p.Forget(id_))

    def go_away(self) -> None:
        self._cluster.is_together = False

    def come_in(self) -> None:
        if not self._cluster.is_together:
            self._cluster.come_in()

    def fill(self) -> None:
        if self._cluster.is_together:
            self._cluster.fill()

    def batch(self, on: bool) -> None:
        self._cluster.commits = not on

    def restart(self) -> None:
        self._cluster.second.fold.commit()
        self._cluster.second.history.close()
        self._cluster.second.open()

    def _deletable(self, id_: int) -> m.Message | None:
        message = find_message(self._history, id_)
        return None if message is None or message.notice or message.deleted else message


PERSONS = st.sampled_from([1, 2])
IDS = st.integers(1, 25)
STEPS = st.one_of(
    st.tuples(st.just("say"), PERSONS, st.integers(0, 30), st.sampled_from([1, 1, 2, 9])),
    st.tuples(st.just("edit"), PERSONS, IDS),
    st.tuples(st.just("delete"), PERSONS, IDS),
    st.tuples(st.just("moderate"), IDS),
    st.tuples(st.just("react"), PERSONS, IDS, st.booleans()),
    st.tuples(st.just("reply"), PERSONS, IDS),
    st.tuples(st.just("settle"), IDS),
    st.tuples(st.just("batch"), st.booleans()),
    st.tuples(st.just("forget"), st.integers(1, 10)),
    st.tuples(st.sampled_from(["go_away", "come_in", "fill", "restart"])),
)


@given(steps=st.lists(STEPS, max_size=40))
@settings(max_examples=40, deadline=None)
def test_all_nodes_are_equal_whatever_happens(steps: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder, closing(Cluster(Path(folder))) as cluster:
        begin(cluster)
        for number, (kind, *values) in enumerate(steps):
            getattr(Steps(cluster, f"ref{number}"), str(kind))(*values)
        if not cluster.is_together:
            cluster.come_in()
        cluster.second.fold.commit()
        complete(cluster)


@pytest.mark.parametrize("act", ["edit", "react"])
def test_what_is_settled_before_it_is_stored_may_be_said_again(tmp_path: Path, act: str) -> None:
    with closing(Cluster(tmp_path)) as cluster:
        begin(cluster)
        cluster.commits = False  # all of it in one batch
        steps = Steps(cluster, "ref")
        steps.say(1, 0)
        if act == "edit":
            steps.edit(1, 1)
        else:
            steps.react(1, 1, on=True)
        steps.say(1, 1)
        steps.settle(3)
        for ref in ("say00", "ref"):
            cluster.apply(p.Say(1, [(ref, "и снова")]))
        cluster.second.fold.commit()
        assert cluster.second.rows() == cluster.first.rows()
        assert cluster.first.history.last == 5
