"""The client between two pipes, as a real process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat_protocol.messages import Bye, Error, Join, Joined, Leave, Left, Message, Notice, Say, Throttled
from cli_client.cli import main
from tests.chat_client.fake_room import AT, FakeConnection, FakeRoom, message
from tests.support.processes import ROOT, Output
from tests.support.timing import TIMEOUT


class PipeProcess:
    """A running client between pipes. The test writes to its stdin and closes it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self.process = process
        self.stdin = process.stdin
        self.stdout = Output(process.stdout)
        self.stderr = Output(process.stderr)

    def write(self, data: str | bytes) -> None:
        """Write to stdin at once."""
        self.stdin.write(data.encode() if isinstance(data, str) else data)
        self.stdin.flush()

    def end(self) -> int:
        """Wait until the client ends, and return its exit code."""
        code = self.process.wait(TIMEOUT)
        self.stdout.join()
        self.stderr.join()
        assert "Traceback" not in self.stderr.text
        return code


def command(*changes: str) -> tuple[str, ...]:
    """Return the arguments of a Python that runs the client with shorter waits, for shorter tests."""
    imports = "import sys; from chat_client import joining; from cli_client import cli, pipe"
    return "-c", "; ".join((imports, *changes, "sys.exit(cli.main())"))


_AT_ONCE = command("pipe.QUIET_WAIT = 0.0")
_SHORT_ACK_TIMEOUT = command("pipe.QUIET_WAIT = 0.0", "pipe.ACK_TIMEOUT = 1.0")
_IMPATIENT = command("pipe.QUIET_WAIT = 0.0", "joining.NAME_PATIENCE = 0.0")


@contextmanager
def run_pipe(
    *arguments: str, command: Sequence[str] = _AT_ONCE, script: str = 'exec "$@"', **variables: str
) -> Iterator[PipeProcess]:
    """Run the client, which is "$@" in a script of the shell."""
    environment = {key: value for key, value in os.environ.items() if key != "ONEROOM_NAME"} | variables
    with subprocess.Popen(
        ["sh", "-c", script, "sh", sys.executable, *command, *arguments],
        cwd=ROOT,
        env=environment | {"LC_ALL": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        running = PipeProcess(process)
        try:
            yield running
        finally:
            process.kill()
            process.wait()
            running.stdout.join()
            running.stderr.join()


def answer_leave(client: FakeConnection) -> None:
    client.receive(Leave)
    client.send(Bye("left"))


def test_sends_every_line_and_leaves_after_the_last_ack(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        assert client.welcome().history == 0
        pipe.write("раз\r\nдва\n\n  \nтри без конца")
        pipe.stdin.close()
        says = [client.receive(Say) for _ in range(3)]
        assert [say.text for say in says] == ["раз", "два", "три без конца"]
        for number, say in enumerate(says, 1):
            client.ack(say.ref, number)
        answer_leave(client)
        assert pipe.end() == 0
        assert pipe.stdout.text == pipe.stderr.text == ""


def test_output_is_that_of_the_lines_dialect(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en") as pipe:
        client = room.accept()
        client.welcome()
        client.send(
            Joined("Боря", AT),
            Message(id=1, at=AT, name="Боря", text="раз\nдва"),
            Message(id=2, at=AT, name="Анна", text="своё с другого места"),
            Message(id=3, at=AT, name="Бо\nря", text="\x1b[2Jчи\x9bсто"),
            Left("Боря", AT, "slow"),
        )
        expected = "Боря присоединился к чату!\nБоря: раз\nБоря: два\nБо ря: чисто\nБоря покинул чат.\n"
        assert pipe.stdout.wait_for("покинул чат.\n") == expected


def test_a_byte_order_mark_is_dropped_and_lines_are_cut(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome(text_limit=10)
        split_character = "я".encode()
        pipe.write("\ufeff".encode() + b"a\0b\x1b[31m" + split_character[:1])
        assert pipe.process.poll() is None
        pipe.write(split_character[1:] + b"\n" + b"x" * 25 + b"\n" + b"\0" * 100_000)
        pipe.stdin.close()
        said = [client.receive(Say).text for _ in range(4)]
        assert said == ["abя", "x" * 10, "x" * 10, "x" * 5]


def test_a_line_that_is_not_utf8_is_not_sent_and_told(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("раз\n".encode() + "привет\nмир\n".encode("cp1251") + "два".encode())
        pipe.stdin.close()
        for number, text in enumerate(["раз", "два"], 1):
            say = client.receive(Say)
            assert say.text == text
            client.ack(say.ref, number)
        answer_leave(client)
        assert pipe.end() == 1
        first, last = pipe.stderr.text.splitlines()  # once for both lines, and how many there were
        assert "line 2 is not UTF-8" in first
        assert "not sent: 2" in last


def test_sequences_are_removed_whole_and_of_a_progress_bar_the_end_is_said(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("\x1b[3")
        pipe.write("1mкрасный\x1b[0m\n" + "".join(f"{percent}%\r" for percent in range(99)))
        pipe.write("100%\r\nготово\r")
        pipe.stdin.close()
        assert [client.receive(Say).text for _ in range(3)] == ["красный", "100%", "готово"]


def test_reconnects_and_sends_the_rest(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("раз\n")
        first = client.receive(Say)
        client.close()
        client = room.accept()
        client.welcome(messages=[message(1, "Анна", "раз"), message(2, "Боря", "ответ")], missed=3)
        assert client.receive(Say) == first
        client.ack(first.ref, 1)
        assert pipe.stdout.wait_for("ответ") == "Боря: ответ\n"
        pipe.stderr.wait_for("3 messages missed")
        pipe.stdin.close()
        answer_leave(client)
        assert pipe.end() == 0


def test_a_refused_message_counts_as_not_sent(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("раз\n")
        client.send(Error("unavailable", "disk full", ref=client.receive(Say).ref))
        pipe.stderr.wait_for("cannot save or find")
        pipe.stdin.close()
        answer_leave(client)
        assert pipe.end() == 1
        assert "not sent: 1" in pipe.stderr.text


def test_without_acks_it_ends_and_counts_the_unsent(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", command=_SHORT_ACK_TIMEOUT) as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("раз\nдва\n")
        pipe.stdin.close()
        client.receive(Say)
        client.receive(Say)
        answer_leave(client)
        assert pipe.end() == 1
        assert "not sent: 2" in pipe.stderr.text


@pytest.mark.parametrize(
    ("lang", "words"), [("ru", "oneroom: Это имя уже занято."), ("en", "This name is taken.")]
)
def test_a_refused_name_ends_it(room: FakeRoom, lang: str, words: str) -> None:
    arguments = (str(room.address), "--name", "Анна", "--lang", lang)
    with run_pipe(*arguments, command=_IMPATIENT) as pipe:
        room.refuse(Error("name_taken", "taken"))
        assert pipe.end() == 2
        assert words in pipe.stderr.text


def test_when_kicked_it_says_so(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        client.send(Bye("kicked"))
        assert pipe.end() == 1
        assert "removed from the chat" in pipe.stderr.text


def test_the_password_comes_from_a_file_or_the_environment(room: FakeRoom, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("\ufeffиз файла\n")  # as Windows writes it
    with run_pipe(str(room.address), "--name", "Анна", "--password-file", str(secret), ONEROOM_PASSWORD="x"):
        assert room.accept().welcome().password == "из файла"
    with run_pipe(str(room.address), "--name", "Анна", ONEROOM_PASSWORD="из среды"):
        assert room.accept().welcome().password == "из среды"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("password_required", "a password is needed: --password-file"),
        ("password_wrong", "Wrong password"),
    ],
)
def test_a_missing_or_wrong_password_ends_it(room: FakeRoom, code: str, words: str) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", ONEROOM_PASSWORD="secret") as pipe:
        client = room.accept()
        client.receive(Join)
        client.send(Error(code, "?"))
        assert pipe.end() == 2
        assert words in pipe.stderr.text
        assert "secret" not in pipe.stderr.text


def test_being_throttled_is_printed_once_and_nothing_is_lost(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en") as pipe:
        client = room.accept()
        client.welcome()
        pipe.write("раз\nдва\n")
        says = [client.receive(Say) for _ in range(2)]
        client.send(Throttled(1.0), Throttled(2.5), Throttled(0.1))
        pipe.stderr.wait_for("nothing is lost")
        for number, say in enumerate(says, 1):
            client.ack(say.ref, number)
        pipe.stdin.close()
        answer_leave(client)
        assert pipe.end() == 0
        assert pipe.stderr.text.count("\n") == 1
        assert pipe.stdout.text == ""


def test_a_wait_before_the_welcome_is_printed(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", ONEROOM_PASSWORD="x") as pipe:
        client = room.accept()
        client.receive(Join)
        client.send(Throttled(3.5), Error("password_wrong", "no"))
        assert pipe.end() == 2
        assert pipe.stderr.text == "oneroom: wait 4 s\noneroom: Wrong password.\n"


def test_an_unknown_host_ends_it() -> None:
    with run_pipe("no-such-host.invalid", "--name", "Анна", "--lang", "en") as pipe:
        assert pipe.end() == 1
        assert pipe.stderr.text == "oneroom: The address no-such-host.invalid:8080 cannot be found.\n"


def test_notices_are_written_and_deleted_messages_are_not(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en") as pipe:
        client = room.accept()
        notice = Notice("kick", "Вера", "Боря")
        client.welcome(messages=[Message(1, AT, "Боря", "", deleted=True)])
        client.send(
            Message(2, AT, "Сервер", "Вера удаляет из чата: Боря", notice), Left("Боря", AT, "kicked")
        )
        expected = "Сервер: Вера удаляет из чата: Боря\nБоря покинул чат.\n"
        assert pipe.stdout.wait_for("покинул чат.\n") == expected


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_after_a_signal_it_leaves(room: FakeRoom, stop: signal.Signals) -> None:
    with run_pipe(str(room.address), "--name", "Анна") as pipe:
        client = room.accept()
        client.welcome()
        client.send(message(1))
        pipe.stdout.wait_for("сообщение 1")
        pipe.process.send_signal(stop)
        answer_leave(client)
        assert pipe.end() == 0
        assert pipe.stderr.text == ""


def test_closing_its_output_ends_it_quietly(room: FakeRoom) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "cli_client", str(room.address), "--name", "Анна"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writer)
        assert process.stderr
        client = room.accept()
        client.welcome()
        os.close(reader)
        client.send(message(1))
        answer_leave(client)
        assert process.wait(TIMEOUT) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--frob"], "не понимаю параметры: --frob"),
        (["a", "b"], "не понимаю параметры: b"),
        (["--name"], "не понимаю параметры: --name"),
        (["--lang", "xx"], "не понимаю параметры: --lang xx"),
        (["get"], "oneroom: не хватает: N\n"),
        (["get", "abc"], "не понимаю параметры: N abc\n"),
        (["run"], "не хватает: --"),
        (["--password-file"], "не понимаю параметры: --password-file"),
        (["--password-file", "/none", "--name", "x"], "oneroom: --password-file /none: нет такого файла\n"),
        (["--tls-ca", "/none", "--name", "x"], "oneroom: --tls-ca /none: нет такого файла\n"),
        (["--tls-ca", __file__, "--name", "x"], f"oneroom: --tls-ca {__file__}: там нет сертификатов\n"),
        (["--tls-pin", "12:34", "--name", "x"], "oneroom: --tls-pin: это не отпечаток SHA-256\n"),
        (["host:http", "--name", "x"], "не похоже на адрес: host:http"),
        (
            ["http://h:5000", "--name", "x"],
            "http://h:5000 — адрес страницы; у чата свой",
        ),
        ([], "имя нужно задать: --name"),
    ],
)
def test_bad_arguments_are_explained_in_the_users_language(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.delenv("ONEROOM_NAME", raising=False)
    ran = subprocess.run(
        [sys.executable, "-m", "cli_client", *arguments],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "ru_RU.UTF-8", "PYTHONUTF8": "1"},
        input=b"",
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ran.returncode == 2
    told = ran.stderr.decode()
    assert complaint in told
    assert told.count("\n") <= 5, "the sentence is lost above a long help"
    assert b"Traceback" not in ran.stderr
    assert ran.stdout == b""


@pytest.mark.parametrize(("lang", "word"), [("ru", "Использование"), ("en", "Usage")])
def test_help(capsys: pytest.CaptureFixture[str], lang: str, word: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help", "--lang", lang])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(word)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("oneroom ")
