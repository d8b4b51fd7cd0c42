"""Work items keep the order of requests, and each is of limited size."""

from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import messages as m
from chat_protocol.commands import Help, OnLast, Show, Who
from tcp_server.connection.bandwidth import _MAX_SHORT
from tcp_server.connection.work_items import _MAX_ITEM_BYTES, _MAX_ITEM_COMMANDS, split_long_texts, work_items
from tcp_server.dialects.output import JSON, LINES
from tcp_server.room.commands import Request

REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.sampled_from([Help(), Who(), Show(1), m.Ping(), m.Authenticate("x"), m.Search("x")]),
    st.sampled_from([m.Delete(id=1), m.React(id=1, emoji="👍"), OnLast(m.React(id=0, emoji="👍"))]),
    st.builds(m.Say, st.sampled_from(["x", "привет", "a\n" * 2000, "я" * 4000])),
    st.builds(m.Edit, id=st.just(1), text=st.sampled_from(["x", "я" * 4000])),
)


@given(st.lists(REQUESTS, max_size=60))
def test_work_items_contain_all_requests_in_order(requests: list[Request]) -> None:
    cut = list(work_items(requests))
    assert [request for item, _ in cut for request in item] == requests
    for item, size in cut:
        assert len(item) == 1 or size <= _MAX_ITEM_BYTES
        alone = isinstance(item[0], Who | Show | m.Authenticate | m.Search)
        assert len(item) == 1 or not alone


def test_the_number_of_commands_is_limited() -> None:
    assert [len(item) for item, _ in work_items([m.Say("x")] * (2 * _MAX_ITEM_COMMANDS + 1))] == [
        _MAX_ITEM_COMMANDS,
        _MAX_ITEM_COMMANDS,
        1,
    ]


def test_the_size_is_about_what_the_lines_dialect_is_sent() -> None:
    name = "ꙮ" * 32
    for text in ("x", "привет", "я" * 4000, "\n" * 3999, "a\nb" * 10):
        [(_, size)] = work_items([m.Say(text)])
        sent = len(LINES.encode([m.Message(1, "", name, text)]))
        assert 0.9 * sent <= size <= 1.2 * sent + 100


def test_the_size_is_about_what_clients_with_json_are_sent() -> None:
    for text in ("x", "я" * 4000, "漢" * 4000, "😀" * 4000, '"' * 4000, "\\" * 4000, "\t" * 4000):
        [(_, size)] = work_items([m.Say(text)])
        sent = len(JSON.encode([m.Message(1, "2026-11-22T05:43:03.120Z", "Анна", text)]))
        assert 0.9 * sent <= size <= 1.1 * sent + 100


def test_an_act_has_the_size_of_what_each_reader_is_sent() -> None:
    for text in ("x", "я" * 100, "я" * 4000):
        quote = m.Quote(1, "Анна", "я" * 100)
        reply = m.Message(2, "2026-11-22T05:43:03.120Z", "Борис", text, reply=quote)
        edited = m.Changed(3, reply.at, "Борис", "edit", reply)
        for act, event in ((m.Say(text, reply=1), reply), (m.Edit(id=2, text=text), edited)):
            for request in (act, OnLast(act)):
                [(_, size)] = work_items([request])
                assert 0.8 * len(JSON.encode([event])) <= size <= 1.2 * len(JSON.encode([event])) + 600
    [(_, size)] = work_items([m.React(id=1, emoji="👍"), m.Say("x"), OnLast(m.React(id=0, emoji="👍"))])
    assert size > 2 * _MAX_SHORT


def test_long_texts_are_split_and_cleaned() -> None:
    requests: list[Request] = [m.Say("a" * 25), Help(), m.Say("b"), m.Say("c\0" * 10)]
    requests.append(m.Say("d" * 11, reply=1, kind="action"))
    assert split_long_texts(requests, 10) == [
        m.Say("a" * 10),
        m.Say("a" * 10),
        m.Say("a" * 5),
        Help(),
        m.Say("b"),
        m.Say("c" * 10),
        m.Say("d" * 10, reply=1, kind="action"),
        m.Say("d", reply=1, kind="action"),
    ]
