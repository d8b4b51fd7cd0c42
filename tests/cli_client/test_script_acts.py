"""What scripts see and do of acts on messages: the filter, and the commands that do one thing and end."""

import json
import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from chat_protocol.messages import Bye, Changed, HistoryRequest, Leave, Quote, Reaction, Say
from tests.chat_client.fake_room import CAN, LATER, FakeRoom, message
from tests.cli_client.test_pipe import answer_leave, run_pipe
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT


@pytest.mark.parametrize("form", ["text", "json"])
def test_edits_are_written_and_in_json_every_act(room: FakeRoom, form: str) -> None:
    options = ["--json"] if form == "json" else []
    with run_pipe(str(room.address), "--name", "Анна", *options) as pipe:
        client = room.accept()
        client.welcome(can=CAN)
        edited = message(1, text="иначе")
        client.send(
            replace(message(1), reply=Quote(0, "Анна", "да?")),
            Changed(2, LATER, "Боря", "edit", edited),
            Changed(3, LATER, "Вера", "react", replace(edited, reactions=[Reaction("👍", 1, ["Вера"])])),
            Changed(4, LATER, "Анна", "edit", message(9, "Анна", "своё с другого места")),
            message(5, text="всё"),
        )
        pipe.stdout.wait_for("всё")
        pipe.stdin.close()
        answer_leave(client)
        assert pipe.end() == 0
    if form == "text":
        assert pipe.stdout.text == "Боря: ↪ #0 Анна «да?» сообщение 1\nБоря: ✎ #1 иначе\nБоря: всё\n"
    else:
        written = [json.loads(line) for line in pipe.stdout.text.splitlines()]
        numbers = [(event["type"], event["id"]) for event in written]
        assert numbers == [("message", 1), ("changed", 2), ("changed", 3), ("message", 5)]


def start_command(room: FakeRoom, *arguments: str) -> "subprocess.Popen[str]":
    command, *others = arguments
    return subprocess.Popen(
        (sys.executable, "-m", "cli_client", command, f"--server={room.address}", "--lang=en", *others),
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C.UTF-8", "ONEROOM_NAME": "ci"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_say_answers_a_message(room: FakeRoom) -> None:
    with start_command(room, "say", "--reply=#7", "готово") as process:
        client = room.accept()
        client.welcome(can=CAN, text_limit=5)
        client.ack(client.expect(Say("готов", reply=7)), 8)
        client.receive(HistoryRequest)  # for the quote, of a message that is not known here
        client.ack(client.expect(Say("о")), 9)  # the rest follows it
        answer_leave(client)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0


def test_an_older_room_has_no_answers(room: FakeRoom) -> None:
    with start_command(room, "say", "--reply=7", "готово") as process:
        client = room.accept()
        client.welcome()
        answer_leave(client)
        assert process.communicate(timeout=TIMEOUT) == ("", "oneroom: This room cannot do that.\n")
        assert process.returncode == 1


@pytest.mark.parametrize(
    ("options", "printed", "told"),
    [
        ((), "Анна\nБоря\n", "oneroom: 20000 in all; the first 2 are listed\n"),
        (("--json",), '{"name":"Анна"}\n{"name":"Боря"}\n{"count":20000}\n', ""),
    ],
)
def test_in_a_crowd_who_says_how_many_there_are(
    room: FakeRoom, options: tuple[str, ...], printed: str, told: str
) -> None:
    with start_command(room, "who", *options) as process:
        client = room.accept()
        client.welcome(members=["Анна", "Боря"], count=20_000)
        client.receive(Leave)
        client.send(Bye("left"))
        assert process.communicate(timeout=TIMEOUT) == (printed, told)
