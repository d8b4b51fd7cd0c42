"""What is done for one client at a time: in its order, and never too much."""

from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import messages as m
from tcp_server.connection.work_items import _HEAVY, _MOST, as_said, portions
from tcp_server.dialects.dialect import Lines
from tcp_server.room.commands import Help, Who, Wish

WISHES: st.SearchStrategy[Wish] = st.one_of(
    st.sampled_from([Help(), Who(), m.Ping(), m.Authenticate("x"), m.Search("x")]),
    st.builds(m.Say, st.sampled_from(["x", "привет", "a\n" * 2000, "я" * 4000])),
)


@given(st.lists(WISHES, max_size=60))
def test_all_of_it_in_its_order(wishes: list[Wish]) -> None:
    cut = list(portions(wishes))
    assert [wish for portion, _ in cut for wish in portion] == wishes
    for portion, size in cut:
        assert len(portion) == 1 or size <= _HEAVY
        alone = isinstance(portion[0], Who | m.Authenticate | m.Search)
        assert len(portion) == 1 or not alone


def test_so_many_at_a_time() -> None:
    assert [len(portion) for portion, _ in portions([m.Say("x")] * (2 * _MOST + 1))] == [_MOST, _MOST, 1]


def test_the_size_is_about_what_a_reader_of_lines_is_sent() -> None:
    name = "ꙮ" * 32
    for text in ("x", "привет", "я" * 4000, "\n" * 3999, "a\nb" * 10):
        [(_, size)] = portions([m.Say(text)])
        sent = len(Lines.write([m.Message(1, "", name, text)]))
        assert 0.9 * sent <= size <= 1.2 * sent + 100


def test_long_texts_are_the_messages_that_they_will_be() -> None:
    wishes: list[Wish] = [m.Say("a" * 25), Help(), m.Say("b"), m.Say("c\0" * 10)]
    assert as_said(wishes, 10) == [
        m.Say("a" * 10),
        m.Say("a" * 10),
        m.Say("a" * 5),
        Help(),
        m.Say("b"),
        m.Say("c" * 10),
    ]
