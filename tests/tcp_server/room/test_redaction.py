"""What is deleted or edited is gone from the entries that the log keeps, and nothing else is."""

from contextlib import closing
from pathlib import Path

import pytest

from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import proposals as p
from tcp_server.room.fold import Fold
from tcp_server.room.redaction import without_text

SECRET = "тайна за семью печатями"
RUN = b"incarnat"


class Node:
    """A fold over a log on disk that keeps its entries."""

    def __init__(self, path: Path) -> None:
        self.history = SqliteHistory(path, redact=without_text)
        self.fold = Fold(self.history)
        self._seq = 0

    def apply(self, *proposals: p.AnyProposal) -> None:
        """Apply an entry with these, and commit it."""
        self._seq += 1
        entry = p.encode(p.Entry(p.FORMAT, RUN, self._seq, proposals))
        self.take(self.fold.moment.position + 1, entry)

    def take(self, position: int, entry: bytes) -> None:
        self.history.note_entry(position, entry)
        self.fold.fold(position, 1_700_000_000_000 + position, p.decode(entry))
        self.fold.commit()

    def proposals(self) -> list[p.AnyProposal]:
        return [one for _, data in self.history.entries_after(0) for one in p.decode(data).proposals]

    def messages(self) -> list[object]:
        return [*self.history.before(self.history.last + 1, 1000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.db"


def begin(node: Node) -> None:
    """Anna and Boris come in, and somebody with a client of text."""
    node.apply(
        p.Up("a", 0),
        p.Join(1, b"a" * 16, "Анна", ("анна",)),
        p.Join(2, b"b" * 16, "Борис", ("борис",)),
        p.Join(3, None, "Вера", ("вера",)),
        p.Role(2),
    )


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_deleted_text_is_in_no_byte_of_the_files(path: Path) -> None:
    node = Node(path)
    with closing(node.history):
        begin(node)
        node.apply(p.Say(1, [("r1", SECRET), ("r2", "привет")]))
        node.apply(p.Say(1, [("r1", SECRET)]))  # a repeat
        node.apply(p.Post(1, "r3", f"{SECRET} @Борис", mentions=["Борис"]))
        node.apply(p.Edit(1, "r4", 2, f"другая {SECRET}", ["Борис"], 900.0))
        node.apply(p.Say(3, [(None, SECRET), (None, "привет")]))
        node.apply(p.Act(2, "announce", text=f"всем {SECRET}", ref="r5"))
        node.apply(p.Act(2, "topic", text=f"тема {SECRET}", ref="r6"))
        assert SECRET.encode() in bytes_on_disk(path)
        for number, id_ in enumerate((1, 2, 3)):
            node.apply(p.Delete(1, f"d{number}", id_))
        node.apply(p.Act(2, "delete", id=5, ref="d5"))
        assert SECRET.encode() in bytes_on_disk(path)
        node.apply(p.Act(2, "delete", id=7, ref="d7"))
        node.apply(p.Act(2, "delete", id=8, ref="d8"))
        node.apply(p.Say(1, [("r1", SECRET)]))  # repeats that come late
        node.apply(p.Edit(1, "r4", 2, f"другая {SECRET}", ["Борис"], 900.0))
        node.apply(p.Act(2, "announce", text=f"всем {SECRET}", ref="r5"))
        node.history.tidy()
        assert SECRET.encode() not in bytes_on_disk(path)
        assert not any(getattr(one, "mentions", ()) for one in node.proposals())
        says = [one.texts for one in node.proposals() if isinstance(one, p.Say)]
        assert says == [[("r1", ""), ("r2", "")], [("r1", "")], [(None, ""), (None, "привет")], [("r1", "")]]


def test_a_text_that_was_said_and_edited_in_one_batch_is_gone_too(path: Path) -> None:
    node = Node(path)
    with closing(node.history):
        begin(node)
        edit = p.Edit(1, "r2", 1, SECRET * 2, (), 900.0)
        node.apply(p.Say(1, [("r1", SECRET)]), edit, p.Delete(1, "r3", 1))
        node.history.tidy()
        assert SECRET.encode() not in bytes_on_disk(path)


def test_the_same_words_of_others_stay(path: Path) -> None:
    node = Node(path)
    with closing(node.history):
        begin(node)
        node.apply(p.Say(2, [("other", "да")]))
        node.apply(p.Say(2, [("1", "да")]))
        node.apply(p.Say(1, [("1", "да")]))
        node.apply(p.Say(2, [("r", "да"), ("s", "да будет так")]))
        node.apply(p.Say(3, [(None, "да")]))
        node.apply(p.React(2, "r2", 3, "👍", on=True))
        before = node.proposals()
        node.apply(p.Delete(1, "d", 3))
        assert [one for one in before if one not in node.proposals()] == [p.Say(1, [("1", "да")])]


def test_who_applies_the_entries_afterwards_has_the_same_messages(tmp_path: Path) -> None:
    first, second = Node(tmp_path / "first.db"), Node(tmp_path / "second.db")
    with closing(first.history), closing(second.history):
        begin(first)
        first.apply(p.Say(1, [("r1", "раз"), ("r2", "два")]))
        first.apply(p.Edit(1, "r3", 1, "раз", (), 900.0))  # changes nothing
        first.apply(p.Edit(1, "r4", 1, "другое", (), 900.0))
        first.apply(p.Edit(1, "r5", 1, "раз", (), 900.0))
        first.apply(p.React(2, "r6", 1, "👍", on=True))
        first.apply(p.Say(1, [("r1", "раз")]))
        first.apply(p.Delete(1, "r7", 2))
        for position, data in first.history.entries_after(0):
            second.take(position, data)
        assert second.messages() == first.messages()
        assert second.fold.state() == first.fold.state()


def test_the_output_of_a_deleted_command_is_in_no_byte_of_the_files(path: Path) -> None:
    node = Node(path)
    with closing(node.history):
        begin(node)
        node.apply(p.Start(1, "r1", f"make {SECRET}"), p.Start(1, "r2", "make other"))
        node.apply(p.Body(1, 0, f"{SECRET}\n"), p.Body(2, 0, "other\n"))
        node.apply(p.Body(1, 500, f"{SECRET}\n"))
        node.apply(p.End(1, "r3", 1, 0, (600, 2, f"{SECRET}\n")))
        assert SECRET.encode() in bytes_on_disk(path)
        node.apply(p.Delete(1, "d", 1))
        node.history.tidy()
        assert SECRET.encode() not in bytes_on_disk(path)
        assert [one.text for one in node.proposals() if isinstance(one, p.Body)] == ["", "other\n", ""]
        body = node.history.bodies.find(2)
        assert body is not None
        assert body.read(0, 100) == (0, b"other\n")
