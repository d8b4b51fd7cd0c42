"""The bots of docs/examples, as processes in a real room."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import chat_client
from chat_client import ConversationEnded, Refused
from tests.support.processes import ROOT, Program, run, running, start
from tests.support.raw import JsonClient, member

EXAMPLES = ROOT / "docs" / "examples"
ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
FILES = sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def room() -> Iterator[Program]:
    with running(
        "tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", "--rate=0", "--grace=0"
    ) as program:
        yield program


@pytest.fixture
def person(room: Program) -> Iterator[JsonClient]:
    with member(room.address) as person:
        yield person


@contextmanager
def bot(
    person: JsonClient, room: Program, name: str, example: str, *arguments: str | Path
) -> Iterator[Program]:
    """Run an example until the block ends, then by Ctrl-C; enter the block once it has joined as `name`."""
    program = start(sys.executable, EXAMPLES / example, str(room.address), *arguments, env=ENVIRONMENT)
    try:
        person.expect_json(type="joined", name=name)
        yield program
        if program.process.poll() is None:
            assert (program.stop(signal.SIGINT), program.stderr.text) == (130, "")
        person.expect_json(type="left", name=name)
    finally:
        program.kill()
    program.assert_no_crash()


def say(person: JsonClient, text: str) -> None:
    person.say_json(type="say", ref=text, text=text)
    person.expect_json(type="ack", ref=text)


def test_the_echo_bot_says_again_what_others_say(room: Program, person: JsonClient) -> None:
    with bot(person, room, "echo", "echo.py"):
        say(person, "привет")
        person.expect_json(type="message", name="echo", text="Вера: привет")


def test_the_guide_shows_the_echo_bot_as_it_is() -> None:
    code = (EXAMPLES / "echo.py").read_text().partition('"""\n\n')[2]
    assert f"```python\n{code}```" in (ROOT / "docs" / "bots.md").read_text()


def test_the_bridge_says_what_is_appended_to_a_log(room: Program, person: JsonClient, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("before\n")
    with bot(person, room, "log", "log_bridge.py", log):
        with log.open("a") as file:
            file.write("один\nдва\nhalf a l")
            file.flush()
            person.expect_json(type="message", name="log", text="один\nдва")
            file.write("ine\n")
        person.expect_json(type="message", name="log", text="half a line")
        log.rename(tmp_path / "app.log.1")
        log.write_text("rotated\n")
        person.expect_json(type="message", name="log", text="rotated")


def test_the_helper_answers_when_its_name_is_called(room: Program, person: JsonClient) -> None:
    with bot(person, room, "helper", "mentions.py"):
        say(person, "is anybody a helper?")
        say(person, "helper: who")
        person.expect_json(type="message", name="helper", text="Вера: Вера, helper")
        say(person, "@Helper what?")
        person.expect_json(type="message", name="helper", text="Вера: time, who, find")


def test_checks_are_a_live_message_that_grows(room: Program, person: JsonClient) -> None:
    with bot(person, room, "checks", "checks.py"):
        say(person, "@checks disk")
        started = person.expect_json(type="message", name="checks", kind="live", text="checks: disk")
        answer = person.expect_json(type="message", name="checks", text=f"→ #{started['id']}")
        assert answer["reply"]["name"] == "Вера"
        while (event := person.read_json())["type"] != "changed":
            assert event["type"] == "preview"
        assert (event["act"], event["message"]["live"]["state"]) == ("end", "done")
        assert "1/1 disk" in event["message"]["live"]["last"]


def test_sigterm_lets_a_bot_leave_in_order(room: Program, person: JsonClient) -> None:
    with bot(person, room, "echo", "echo.py") as program:
        assert (program.stop(signal.SIGTERM), program.stderr.text) == (0, "")


def ended(example: str, *arguments: str) -> tuple[int, list[str]]:
    """Run an example to its end; return the status and the lines on stderr."""
    done = run(sys.executable, EXAMPLES / example, *arguments, env=ENVIRONMENT)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("example", FILES)
def test_wrong_arguments_are_answered_with_the_usage(example: str) -> None:
    for arguments in ((), ("127.0.0.1:1", __file__, "three")):
        status, (usage, error) = ended(example, *arguments)
        assert (status, error.partition(" error: ")[0]) == (2, f"{example}:")
        assert usage.startswith(f"usage: {example} [-h] HOST:PORT")


@pytest.mark.parametrize("example", FILES)
def test_a_bad_address_and_a_missing_file_are_one_sentence(example: str) -> None:
    arguments = [__file__] if example == "log_bridge.py" else []
    assert ended(example, "127.0.0.1:x", *arguments) == (1, [f"{example}: not a port: 'x'"])
    if arguments:
        missing = [f"{example}: /missing: No such file or directory"]
        assert ended(example, "127.0.0.1:1", "/missing") == (1, missing)


@pytest.mark.parametrize("example", FILES)
def test_ctrl_c_ends_a_bot_that_waits_for_the_room(example: str) -> None:
    arguments = [__file__] if example == "log_bridge.py" else []
    program = start(sys.executable, EXAMPLES / example, "127.0.0.1:1", *arguments, env=ENVIRONMENT)
    try:
        program.stderr.wait_for("127.0.0.1:1: refused; trying again\n")
        assert program.stop(signal.SIGINT) == 130
    finally:
        program.kill()
    program.assert_no_crash()
    assert program.stderr.text.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("127.0.0.1:1: refused"), "127.0.0.1:1: refused"),
        (ConversationEnded("kicked"), "kicked"),
        (Refused("muted", "you are muted"), "muted: you are muted"),
    ],
)
def test_what_ends_a_bot_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def main(address: str) -> None:
        assert address == "here"
        raise error

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bots/bot.py", "here"])
    with pytest.raises(SystemExit) as ended:
        chat_client.run(main, "HOST:PORT")
    assert ended.value.code == f"bot.py: {said}"
