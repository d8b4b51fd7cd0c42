"""What requests cost, and which limit they count towards."""

from chat_protocol import messages as m
from chat_protocol.commands import Help, OnLast, Show, Who
from chat_protocol.errors import BadMessage
from tcp_server.room.commands import Request
from tcp_server.room.rates import Kind, total_cost


def test_every_request_counts() -> None:
    requests: list[Request] = [
        m.Say("a", "1"),
        m.Say("b", "2"),
        m.HistoryRequest(),
        Who(),
        Show(1),
        m.Search("x"),
        Help(),
        m.Typing(),
        m.Ping(),
        BadMessage("bad_json", ""),
    ]
    assert total_cost(requests) == {Kind.SAYS: 2, Kind.PAGES: 3, Kind.SEARCHES: 1, Kind.OTHER: 4}


def test_acts_count_as_says_but_for_reactions() -> None:
    react = m.React(id=1, emoji="👍", ref="r")
    edit = m.Edit(id=1, text="x\n" * 100, ref="r")
    requests: list[Request] = [react, OnLast(react), edit, OnLast(edit), m.Delete(id=1), OnLast(m.Say("a"))]
    assert total_cost(requests) == {Kind.REACTIONS: 2, Kind.SAYS: 3 + 3 + 1 + 1}


def test_many_lines_of_one_text_cost_more() -> None:
    assert total_cost([m.Say("x\n" * 49, "1")]) == {Kind.SAYS: 1}
    assert total_cost([m.Say("x\n" * 4000, "1"), m.Say("\r" * 100)]) == {Kind.SAYS: 81 + 3}
