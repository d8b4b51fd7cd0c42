"""Acts on messages that cannot be: each is refused with a clear error, and affects nobody else."""

from collections import Counter
from collections.abc import Iterator

import pytest

from chat_protocol.emoji import emojis_by_name
from tests.support.processes import Program, running
from tests.support.raw import JsonClient, RawClient

FLAGS = (
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--history",
    "memory",
    "--keep",
    "12",
    "--rate",
    "0",
    "--grace",
    "0",
)
PASSWORD = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "страж"}


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with running("tcp_server", *FLAGS, "--edit-time", "0", env=PASSWORD) as program:
        yield program
    assert program.stderr.text == ""


@pytest.fixture(scope="module")
def ids(program: Program) -> dict[str, int]:
    """Say something, and return the number of one of each kind that cannot be acted on."""
    with JsonClient(program.address) as anna:
        anna.join("Анна", password="страж")
        anna.say_json(type="authenticate", password="страж")
        anna.expect_json(type="role")
        for ref in range(14):
            anna.say_json(type="say", ref=f"say {ref}", text=f"сообщение {ref}")
            anna.expect_json(type="ack")
        anna.say_json(type="delete", ref="delete", id=13)
        anna.expect_json(type="changed")
        act = anna.expect_json(type="ack")["id"]
        anna.say_json(type="moderate", ref="ban", act="ban", target="203.0.113.7")
        notice = anna.expect_json(type="message")["id"]
        anna.fence()
        first = 0
        while first <= 1:  # until that is forgotten
            anna.say_json(type="history", before=5)
            first = anna.expect_json(type="history")["messages"][0]["id"]
        anna.say_json(type="leave")
        anna.expect_json(type="bye")
    return {
        "foreign": 14,
        "deleted": 13,
        "notice": notice,
        "of an act": act,
        "future": notice + 1000,
        "forgotten": 1,
        "huge": 2**53,
    }


@pytest.fixture(scope="module")
def members(program: Program, ids: dict[str, int]) -> Iterator[list[JsonClient]]:
    """Two in a room from which nobody comes and goes; they join after all of `ids` has been said."""
    assert ids
    with JsonClient(program.address) as boris, JsonClient(program.address) as vera:
        assert "edit" not in boris.join("Борис")["limits"]
        vera.join("Вера")
        yield [boris, vera]


@pytest.fixture
def boris(members: list[JsonClient]) -> JsonClient:
    """One who tries."""
    members[0].fence()
    return members[0]


@pytest.fixture
def vera(members: list[JsonClient]) -> JsonClient:
    """One who must be sent nothing during the test."""
    members[1].fence()
    return members[1]


EXPECTED = {
    "foreign": "not_yours",
    "deleted": "is_deleted",
    "notice": "is_notice",
    "of an act": "not_found",
    "future": "not_found",
    "forgotten": "not_found",
    "huge": "not_found",
}
ACTS: list[dict[str, object]] = [
    {"type": "edit", "text": "x"},
    {"type": "delete"},
    {"type": "react", "emoji": "👍"},
    {"type": "react", "emoji": "👍", "on": False},
    {"type": "say", "text": "x"},
]


def test_an_act_on_what_cannot_be_acted_on(ids: dict[str, int], boris: JsonClient, vera: JsonClient) -> None:
    for act in ACTS:
        for kind, code in EXPECTED.items():
            if kind != "foreign" or act["type"] in ("edit", "delete"):
                target = "reply" if act["type"] == "say" else "id"
                boris.say_json(**act, ref="r", **{target: ids[kind]})
                error = boris.expect_json(type="error", code=code, ref="r")
                assert code != "not_found" or error["text"] == f"#{ids[kind]}"
    assert vera.fence() == []


@pytest.mark.parametrize("emoji", ["", "x", "1", "👍👍", "👍 ", "🏽", ":frob:", "<b>", "\u202e"])
def test_what_is_no_emoji(ids: dict[str, int], boris: JsonClient, emoji: str) -> None:
    boris.say_json(type="react", ref="r", id=ids["foreign"], emoji=emoji)
    boris.expect_json(type="error", code="bad_emoji", ref="r")
    boris.say_json(type="react", ref="r", id=ids["foreign"], emoji=65 * "👍")
    boris.expect_json(type="error", code="bad_field", ref="r")


def test_an_edit_too_late(boris: JsonClient) -> None:
    boris.say_json(type="say", ref="said", text="раз")
    said = boris.expect_json(type="ack")["id"]
    boris.say_json(type="edit", ref="r", id=said, text="два")
    boris.expect_json(type="error", code="too_late", ref="r")


def test_ten_thousand_reactions(boris: JsonClient) -> None:
    emojis = sorted(set(emojis_by_name().values()))
    boris.say_json(type="say", ref="s", text="ну?")
    said = boris.expect_json(type="ack")["id"]
    answers: Counter[str] = Counter()
    for block in range(0, 10_000, 1000):
        for number in range(block, block + 1000):
            emoji = emojis[number % len(emojis)]
            boris.say_json(type="react", ref=f"r{number}", id=said, emoji=emoji)
        answers.update(event.get("code", event["type"]) for event in boris.fence())
    first, again = 20, 20 * (10_000 // len(emojis))
    assert answers == {"changed": first, "ack": first + again, "too_many_emojis": 10_000 - first - again}


def test_the_same_at_nc(program: Program, ids: dict[str, int]) -> None:
    sentences = {
        f"/edit #{ids['foreign']} x": "Это не ваше сообщение.",
        f"/delete #{ids['foreign']}": "Это не ваше сообщение.",
        f"/react #{ids['deleted']} 👍": "Это сообщение удалено.",
        f"/reply #{ids['notice']} x": "Это сообщение сервера: с ним ничего нельзя сделать.",
        f"/react #{ids['future']} 👍": f"Не нашлось: #{ids['future']}",
        "/unreact #1 👍": "Не нашлось: #1",
        "/edit x": "Такого сообщения пока нет.",
        "/react :frob:": "Нужно одно эмодзи, например 👍 или :+1:",
    }
    with RawClient(program.address) as nc:
        nc.join_lines("Глеб")
        for line, sentence in sentences.items():
            nc.send(f"{line}\n")
            assert nc.read_line() == sentence
