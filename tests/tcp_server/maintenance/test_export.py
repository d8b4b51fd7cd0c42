"""`oneroom-server export`: the three formats, beside a running server, and what goes wrong."""

import re
import subprocess
import sys
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from time import monotonic

import pytest

from chat_protocol.codec import decode_events, encode
from chat_protocol.messages import Message, Notice, Quote
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import ROOT, running
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT
from tests.tcp_server.sqlite_log import delete, edit, make_old, react

AT = "2026-11-22T05:43:03.120Z"
SAID = [
    Message(1, AT, "Анна", "привет, мир"),
    Message(2, AT, '<b>"O\'Neil" & co</b>', "<script>alert('x')</script> & \"so\" on"),
    Message(3, AT, "Анна", "две\nстроки"),
]
COMMAND = [sys.executable, "-m", "tcp_server", "export"]


def export(*flags: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *flags],
        cwd=ROOT,
        env={
            "TZ": "Europe/Moscow",
            "PYTHONIOENCODING": "ascii",
        },  # the terminal's encoding; the export is UTF-8
        capture_output=True,
        encoding="utf-8",
        timeout=20,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "room.db"
    history = SqliteHistory(path)
    for message in SAID:
        history.append(message)
    history.commit()
    history.close()
    return path


def test_jsonl_is_what_was_on_the_wire(path: Path) -> None:
    done = export("--format=jsonl", f"--history={path}")
    assert decode_events(done.stdout.encode()) == SAID


def test_text_has_local_times(path: Path) -> None:
    assert export(f"--history={path}").stdout == (
        "#1 2026-11-22 08:43 Анна: привет, мир\n"
        '#2 2026-11-22 08:43 <b>"O\'Neil" & co</b>: <script>alert(\'x\')</script> & "so" on\n'
        "#3 2026-11-22 08:43 Анна: две\n    строки\n"
    )


def test_a_log_of_an_old_version_is_exported(path: Path) -> None:
    path.unlink()
    make_old(path, 1)
    said = [Message(1, AT, "Анна", "раз"), Message(2, AT, "Анна", "два")]
    assert decode_events(export("--format=jsonl", f"--history={path}").stdout.encode()) == said


def test_acts_on_messages_are_exported(path: Path) -> None:
    history = SqliteHistory(path)
    history.append(Message(4, AT, "Анна", "машет", kind="action", reply=Quote(1)))
    edit(history, 1, "привет, <мир>")
    for number in range(4):
        react(history, 4, "👍", bytes([number]))
    react(history, 4, "❤️")
    history.commit()
    kept = b"".join(encode(message) for message in history.before(5, 9))
    history.close()
    assert export("--format=jsonl", f"--history={path}").stdout == kept.decode()
    text = export(f"--history={path}").stdout
    assert "Анна: привет, <мир> (изменено 2026-11-22 08:43)\n" in text
    assert "Анна: ↪ #1 * машет [👍 4: Анна, Анна, Анна, …] [❤️ 1: Анна]\n" in text
    page = _Page(export("--format=html", f"--history={path}").stdout)
    assert "привет, <мир> (изменено 2026-11-22 08:43)" in page.text
    assert "↪ #1 * машет [👍 4: Анна, Анна, Анна, …] [❤️ 1: Анна]" in page.text


def test_tombstones_and_notices_are_exported_as_such(path: Path) -> None:
    notice = Message(4, AT, "Сервер", "Анна удаляет сообщение #3", Notice("delete", "Анна", id=3))
    history = SqliteHistory(path)
    history.append(notice)
    delete(history, 3)
    history.commit()
    history.close()
    tombstone = Message(3, AT, "Анна", "", deleted=True)
    jsonl = export("--format=jsonl", f"--history={path}").stdout
    assert decode_events(jsonl.encode()) == [*SAID[:2], tombstone, notice]
    for form in ("text", "html"):
        exported = export(f"--format={form}", f"--history={path}").stdout
        assert "(сообщение удалено)" in exported
        assert "Анна удаляет сообщение #3" in exported
        assert "строки" not in exported
    assert "строки" not in jsonl


class _Page(HTMLParser):
    """The text and tags that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.anchors: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.anchors += [value for name, value in attrs if name == "id" and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_shows_text_and_runs_nothing(path: Path) -> None:
    page = _Page(export("--format=html", f"--history={path}").stdout)
    assert set(page.tags) == {"html", "meta", "title", "style", "p", "a", "time", "b"}
    assert page.tags.count("b") == len(SAID)
    assert page.anchors == ["1", "2", "3"]
    for message in SAID:
        assert f"{message.name}: {message.text}\n" in page.text


def test_a_running_server_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path}")
    with running("tcp_server", *flags) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        for number in range(1, 4):
            anna.say_json(type="say", ref=str(number), text=f"слово {number}")
            anna.expect_json(type="ack", id=number)
            exported = decode_events(export("--format=jsonl", f"--history={path}").stdout.encode())
            assert [event.id for event in exported if isinstance(event, Message)] == list(
                range(1, number + 1)
            )


def test_a_missing_log_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "nothing.db"
    done = export(f"--history={path}", code=1)
    assert done.stdout == ""
    assert re.fullmatch(rf"oneroom-server: cannot read {re.escape(str(path))}: .+\n", done.stderr)
    assert not path.exists()


def test_a_file_that_is_no_log_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "diary"
    path.write_text("Dear diary\n" * 1000)
    assert "not a database" in export(f"--history={path}", code=1).stderr


def test_a_reader_that_closes_the_pipe_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    history = SqliteHistory(path)
    for number in range(1, 2001):
        history.append(Message(number, AT, "Анна", "x" * 1000))
    history.commit()
    history.close()
    with subprocess.Popen(
        [*COMMAND, f"--history={path}"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"#1 ")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("stdout", "why"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")]
)
def test_what_cannot_be_written_is_an_error(path: Path, stdout: str, why: str) -> None:
    command = ("sh", "-c", f'"$@" {stdout}', "sh", *COMMAND, f"--history={path}")
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 1
    assert done.stderr == f"oneroom-server: cannot write to standard output: {why}\n"


def test_a_paused_export_keeps_no_deleted_text(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    with closing(SqliteHistory(path)) as history:
        said = [Message(number, AT, "Анна", f"secret {number} " * 100) for number in range(1, 2501)]
        for one in said:
            history.append(one)
        history.commit()
        command = (*COMMAND, "--format=jsonl", f"--history={path}")
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()  # and no more for now: it waits for its reader
            delete(history, 2500)
            history.commit()
            deadline = monotonic() + TIMEOUT
            while history._wal_has_deleted:
                assert monotonic() < deadline, "a transaction is open"
                history.tidy()
            assert b"secret 2500 " not in path.read_bytes() + path.with_name("room.db-wal").read_bytes()
            rest = decode_events(process.stdout.read())
        assert [message.id for message in rest if isinstance(message, Message)] == list(range(2, 2501))
        assert rest[-1] == Message(2500, AT, "Анна", "", deleted=True)


def test_an_unknown_format_is_answered_with_the_known_ones() -> None:
    assert "html" in export("--format=pdf", code=2).stderr
