"""Which room this is: asked before joining, and told to who joins in each dialect."""

from collections.abc import Iterator

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.tcp_server.connection.programs import FLAGS

TITLE, WELCOME = "Класс 9Б · сети", "Пишите 👩‍💻, не стесняйтесь"


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    with running("tcp_server", *FLAGS, f"--title={TITLE}", f"--welcome={WELCOME}") as program:
        yield program


def test_it_is_told_before_the_join_and_in_the_welcome(server: Program) -> None:
    with JsonClient(server.address) as client, JsonClient(server.address) as anna:
        anna.join("Анна")
        client.expect(PROMPT)
        client.say_json(type="about", ref="r")
        told = {"title": TITLE, "welcome": WELCOME, "count": 1, "names": ["Анна"]}
        assert client.read_json() == {"type": "about", "ref": "r", **told}
        client.say_json(type="join", name="Борис")
        client.expect_json(type="welcome", title=TITLE, welcome=WELCOME)
        client.say_json(type="about")
        client.expect_json(type="about", count=2, names=["Анна", "Борис"])
        anna.expect_json(type="joined", name="Борис")  # and nothing of who only asks
        for one in (client, anna):
            one.leave()


def test_lines_says_it_above_the_greeting_and_plain_says_nothing(server: Program) -> None:
    with RawClient(server.address) as lines, RawClient(server.address) as plain:
        lines.expect(PROMPT)
        lines.send("/lang en\n")
        lines.read_until(PROMPT)
        lines.send("Глеб\n")
        assert lines.read_line() == f"Room: {TITLE} — {WELCOME}"
        lines.expect("Nobody else is here yet - commands: /help\n")
        plain.expect(PROMPT)
        plain.send("Дина")
        lines.expect("Дина присоединился к чату!\n")
        lines.send("раз\n")
        plain.expect("Глеб: раз")
