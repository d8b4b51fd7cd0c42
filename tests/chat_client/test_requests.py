"""What is asked of the room: older messages, one by its number, a search."""

import pytest

from chat_client.events import (
    ConnectionLost,
    Entered,
    NewMessage,
    OlderMessages,
    RequestFailed,
    SearchResults,
)
from chat_protocol.messages import Bans, Error, Found, HistoryPage, HistoryRequest, Say, Search
from tests.chat_client.fake_room import FakeRoom, message
from tests.chat_client.recorded_chat import RecordedChat

SERVERS = pytest.mark.parametrize("refs", [True, False], ids=["this server", "an older server"])


@SERVERS
def test_history_fills_the_gap_first(room: FakeRoom, chat: RecordedChat, refs: bool) -> None:
    chat.enter(messages=[message(50)]).close()
    chat.next(ConnectionLost)
    client = room.accept()
    client.welcome(messages=[message(60)], missed=9)
    client.refs = refs
    chat.next(Entered)

    assert chat.load_older(5)
    assert chat.load_older(5)  # the same page is not requested twice
    client.answer(
        client.expect(HistoryRequest(before=60, limit=5)),
        HistoryPage([message(n) for n in range(55, 60)], more=True),
    )
    assert [m.id for m in chat.next(OlderMessages).messages] == [55, 56, 57, 58, 59]

    chat.load_older(500)
    client.answer(
        client.expect(HistoryRequest(before=55, limit=4)),
        HistoryPage([message(n) for n in range(51, 55)], more=True),
    )
    chat.next(OlderMessages)

    chat.load_older(20)
    client.expect(HistoryRequest(before=50, limit=20))


@SERVERS
def test_show_requests_only_messages_it_does_not_have(chat: RecordedChat, refs: bool) -> None:
    client = chat.enter(messages=[message(n) for n in range(100, 110)])
    client.refs = refs
    page = chat.show(104)
    assert page is not None
    assert [m.id for m in page.messages] == [101, 102, 103, 104, 105, 106, 107]

    assert chat.show(20) is None
    client.answer(
        client.expect(HistoryRequest(before=41, limit=24)),
        HistoryPage([message(n) for n in range(17, 41)], more=True),
    )
    found = chat.next(OlderMessages)
    assert (found.target, [m.id for m in found.messages]) == (20, list(range(17, 24)))

    assert chat.show(5000) is None
    client.answer(client.receive(HistoryRequest).ref, HistoryPage([message(109)], more=True))
    assert chat.next(OlderMessages) == OlderMessages((), 5000)


def test_show_finds_neighbours_between_numbers_of_no_messages(chat: RecordedChat) -> None:
    client = chat.enter(messages=[message(2000)])
    assert chat.show(300) is None
    ref = client.receive(HistoryRequest).ref
    page = HistoryPage([message(n) for n in (270, 280, 290, 300, 302, 311, 318, 320)], more=True, first=261)
    client.answer(ref, page)
    found = chat.next(OlderMessages)
    assert [m.id for m in found.messages] == [270, 280, 290, 300, 302, 311, 318]

    assert chat.show(305) is None
    client.answer(client.receive(HistoryRequest).ref, page)
    assert chat.next(OlderMessages) == OlderMessages((), 305)


@pytest.mark.parametrize("first", [310, None])
def test_show_asks_again_if_the_answer_does_not_go_back_so_far(chat: RecordedChat, first: int | None) -> None:
    client = chat.enter(messages=[message(2000)])
    assert chat.show(300) is None
    ref = client.receive(HistoryRequest).ref
    client.answer(ref, HistoryPage([message(310)], more=True, first=first))
    ref = client.expect(HistoryRequest(before=301, limit=4))
    client.answer(ref, HistoryPage([message(n) for n in (298, 299, 300)], more=False))
    found = chat.next(OlderMessages)
    assert [m.id for m in found.messages] == [298, 299, 300]


@SERVERS
def test_search_reports_the_results(chat: RecordedChat, refs: bool) -> None:
    assert not chat.request(Search("раз"))  # not online yet
    client = chat.enter()
    client.refs = refs
    assert chat.request(Search("раз два", limit=20))
    client.answer(client.expect(Search("раз два", limit=20)), Found([message(5)], more=True))
    assert chat.next(SearchResults) == SearchResults([message(5)], more=True, query="раз два")


def test_each_request_gets_its_own_answer(chat: RecordedChat) -> None:
    client = chat.enter()
    for command in (Search("слон"), Bans(), HistoryRequest(limit=5), Search("кот")):
        chat.request(command)
    search, bans, history, other = (
        client.receive(kind).ref for kind in (Search, Bans, HistoryRequest, Search)
    )
    client.answer(search, Error("too_fast", "wait", retry_after=2.0))
    client.answer(other, Found([message(2)], more=False))
    client.answer(history, Error("unavailable", "disk full"))
    client.answer(bans, Bans())
    assert chat.next(RequestFailed) == RequestFailed("too_fast", "wait", 2.0, Search("слон"))
    assert chat.next(SearchResults).query == "кот"
    assert chat.next(RequestFailed).request == HistoryRequest(limit=5)
    assert not chat.next(Bans).bans
    assert chat.load_older(5)  # it does not wait for the refused one
    client.expect(HistoryRequest(before=1, limit=5))


def test_an_error_of_an_older_server_leaves_nothing_waiting(chat: RecordedChat) -> None:
    client = chat.enter(messages=[message(9)])
    client.refs = False
    chat.load_older(5)
    chat.request(Search("слон"))
    history, search = client.receive(HistoryRequest).ref, client.receive(Search).ref
    client.answer(history, Error("too_fast", "wait"))  # for which of the two?
    assert chat.next(RequestFailed).request is None
    client.answer(search, Found([message(5)], more=False))
    assert chat.next(SearchResults) == SearchResults([message(5)], more=False)
    chat.load_older(5)
    client.answer(client.expect(HistoryRequest(before=9, limit=5)), HistoryPage([message(8)], more=True))
    assert [m.id for m in chat.next(OlderMessages).messages] == [8]


def test_a_page_without_new_messages_is_skipped(room: FakeRoom, chat: RecordedChat) -> None:
    chat.enter(messages=[message(5)]).close()
    chat.next(ConnectionLost)
    chat.say("в пропуск")
    client = room.accept()
    client.welcome(messages=[message(7)], missed=1)
    chat.next(Entered)
    client.ack(client.receive(Say).ref, 6)
    chat.next(NewMessage)
    chat.load_older(20)
    client.answer(client.expect(HistoryRequest(before=7, limit=1)), HistoryPage([message(6)], more=True))
    client.answer(client.expect(HistoryRequest(before=5, limit=1)), HistoryPage([message(4)], more=False))
    assert [m.id for m in chat.next(OlderMessages).messages] == [4]
