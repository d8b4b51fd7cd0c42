"""The commands that do one thing and end, as processes in a real room; and the filter's JSON."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from cli_client.arguments import COMMANDS
from cli_client.cli import main
from tests.support.processes import ROOT, Program, running, start
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT

PASSWORD = "сезам"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    password = tmp_path_factory.mktemp("password") / "password"
    password.write_text(PASSWORD)
    with running(
        "tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", f"--password-file={password}"
    ) as program:
        yield program


@pytest.fixture
def person(room: Program) -> Iterator[JsonClient]:
    with JsonClient(room.address) as person:
        person.join("Вера", history=0, password=PASSWORD)
        yield person
        person.leave()


def say(person: JsonClient, text: str) -> int:
    person.say_json(type="say", ref=text, text=text)
    number: int = person.expect_json(type="ack", ref=text)["id"]
    return number


def run(
    room: Program, *arguments: str, stdin: str | bytes = "", password: str = PASSWORD
) -> tuple[int, str, str]:
    """Run the client as ci; return its exit code, and what it wrote to stdout and stderr."""
    command, *others = arguments
    done = subprocess.run(
        (sys.executable, "-m", "cli_client", command, f"--server={room.address}", "--lang=en", *others),
        cwd=ROOT,
        env=os.environ
        | {"LC_ALL": "C.UTF-8", "ONEROOM_NAME": "ci", "ONEROOM_PASSWORD": password, "TZ": "UTC"},
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_say_ends_once_the_text_is_stored(room: Program, person: JsonClient) -> None:
    assert run(room, "say", "сборка", "готова") == (0, "", "")
    person.expect_json(type="message", name="ci", text="сборка готова")
    code, printed, _ = run(room, "say", "--json", stdin="раз\n\x1b[31mдва\x1b[0m\n")
    said = person.expect_json(type="message", name="ci", text="раз\nдва")
    assert (code, json.loads(printed)) == (0, {**said, "mine": True})
    assert person.fence() == []  # nobody came or went


def test_history_has_numbers_and_times(room: Program, person: JsonClient) -> None:
    first, second = say(person, "раз\nдва"), say(person, "три")
    code, printed, error = run(room, "history", "--limit=2")
    assert (code, error) == (0, "")
    at = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf"#{first} {at} Вера: раз\n    два\n#{second} {at} Вера: три\n", printed)
    code, printed, _ = run(room, "history", "--limit=1", f"--before=#{second}", "--json")
    assert json.loads(printed)["text"] == "раз\nдва"


def test_search_prints_what_it_finds(room: Program, person: JsonClient) -> None:
    say(person, "развёртывание удалось")
    code, printed, _ = run(room, "search", "развёрт", "удал", "--json")
    assert (code, json.loads(printed)["text"]) == (0, "развёртывание удалось")
    assert run(room, "search", "нетничего") == (3, "", "")


def test_who_prints_the_members(room: Program, person: JsonClient) -> None:
    assert run(room, "who") == (0, "Вера\n", "")
    assert run(room, "who", "--json") == (0, '{"name":"Вера"}\n', "")
    assert person.fence() == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("say", " "), 1, "The message is empty."),
        (("who", "--name=/"), 2, "The name has characters that are not allowed."),
        (("history", "--limit=0"), 2, "cannot understand the arguments: --limit"),
        (("search",), 2, "missing: WORD"),
        (("say", "x", "--timeout=0"), 2, "cannot understand the arguments: --timeout"),
        (("who", "--server=127.0.0.1:1", "--timeout=0.3"), 1, "No room is running at 127.0.0.1:1"),
        (("who", "--server="), 2, "cannot understand the arguments: --server"),
    ],
)
def test_what_fails_is_explained(room: Program, arguments: tuple[str, ...], code: int, told: str) -> None:
    ended, printed, error = run(room, *arguments)
    assert (ended, printed) == (code, "")
    assert f"\noneroom: {told}" in f"\n{error}"  # perhaps after a line that says that it tries again
    assert "Traceback" not in error


def test_a_wrong_password_is_refused(room: Program) -> None:
    assert run(room, "say", "x", password="нет") == (2, "", "oneroom: Wrong password.\n")


def test_what_is_not_utf8_is_not_said(room: Program, person: JsonClient) -> None:
    code, printed, error = run(room, "say", stdin=b"one\ntwo \xff\n")
    assert (code, printed) == (1, "")
    assert error.startswith("oneroom: line 2 is not UTF-8 and is not sent")
    assert person.fence() == []


@pytest.mark.parametrize(
    ("typed", "code", "printed"),
    [("Глеб\n", 0, "Вера\r\n"), ("\x03", 130, ""), ("\x04", 2, "\r\noneroom: a name is needed")],
)
@pytest.mark.usefixtures("person")
def test_at_a_terminal_a_name_is_asked_for(
    room: Program, tmp_path: Path, typed: str, code: int, printed: str
) -> None:
    unset = {name: value for name, value in os.environ.items() if name != "ONEROOM_NAME"}
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "cli_client", "who", f"--server={room.address}", "--lang=en"],
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=TIMEOUT,
        env=unset | {"LC_ALL": "C.UTF-8", "ONEROOM_PASSWORD": PASSWORD, "XDG_STATE_HOME": str(tmp_path)},
    )
    terminal.expect_exact("Your name: ")
    terminal.send(typed)
    terminal.expect(pexpect.EOF)
    terminal.wait()
    seen = str(terminal.before)
    assert printed in seen
    assert "Traceback" not in seen
    assert terminal.exitstatus == code
    terminal.close()


@pytest.mark.usefixtures("person")
def test_a_full_disk_is_told(room: Program) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (sys.executable, "-m", "cli_client", "who", f"--server={room.address}", "--name=ci", "--lang=en"),
            cwd=ROOT,
            env=os.environ | {"ONEROOM_PASSWORD": PASSWORD},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("command", COMMANDS)
def test_each_has_its_help(capsys: pytest.CaptureFixture[str], command: str, lang: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help", "--lang", lang])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert f"oneroom {command} " in printed
    assert max(map(len, printed.splitlines())) <= 88


def test_the_filter_writes_events_as_json(room: Program, person: JsonClient) -> None:
    environment = {"ONEROOM_PASSWORD": PASSWORD}
    program = start(
        *(sys.executable, "-m", "cli_client", str(room.address), "--name=log", "--follow", "--json"),
        env=environment,
    )
    try:
        person.expect_json(type="joined", name="log")
        with JsonClient(room.address) as other:
            other.join("Боря", history=0, password=PASSWORD)
            number = say(other, "раз\nдва")
            other.leave()
        joined, said, left = map(json.loads, program.stdout.wait_for('"left"').splitlines())
        assert (joined["type"], joined["name"], left["name"]) == ("joined", "Боря", "Боря")
        assert (said["type"], said["id"], said["name"], said["text"]) == (
            "message",
            number,
            "Боря",
            "раз\nдва",
        )
        assert said["at"].endswith("Z")
    finally:
        program.stop()
