"""The topic over real connections: told in json and lines, kept over a kill, and only a message in plain."""

import re
from pathlib import Path

from tests.support.processes import running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.tcp_server.connection.programs import FLAGS

SHOWN = re.compile(r"Тема беседы: Разбор в 15:00 — Анна, \d\d\.\d\d\.? \d\d:\d\d")


def test_a_topic_is_told_in_each_dialect_and_outlasts_a_kill(tmp_path: Path) -> None:
    flags = (*FLAGS[:4], "--history", str(tmp_path / "log.db"), "--grace", "0")
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "secret"}
    with running("tcp_server", *flags, env=env) as server:
        with (
            JsonClient(server.address) as anna,
            RawClient(server.address) as lines,
            RawClient(server.address) as plain,
        ):
            assert "topic" not in anna.join("Анна")
            lines.join_lines("Борис")
            plain.expect(PROMPT)
            plain.send("Вера")
            lines.expect("Вера присоединился к чату!\n")
            lines.send("/topic\n")
            lines.expect("Тема беседы не задана.\n")
            anna.say_json(type="authenticate", password="secret")
            anna.fence()
            anna.say_json(type="moderate", act="topic", text="Разбор в 15:00", ref="t")
            notice = anna.expect_json(type="message")
            anna.expect_json(type="ack", ref="t", id=notice["id"])
            told = "Сервер: Анна задаёт тему: Разбор в 15:00"
            lines.expect(f"{told}\n")
            plain.expect(told)
            lines.send("/topic\n")
            assert SHOWN.fullmatch(lines.read_line())
        server.process.kill()
        server.process.wait(10)
    with (
        running("tcp_server", *flags, env=env) as server,
        JsonClient(server.address) as anna,
        RawClient(server.address) as lines,
    ):
        topic = {"id": notice["id"], "at": notice["at"], "by": "Анна", "text": "Разбор в 15:00"}
        assert anna.join("Анна")["topic"] == topic
        lines.expect(PROMPT)
        lines.send("Борис\n")
        assert SHOWN.fullmatch(lines.read_line())
        lines.expect_greeting()
