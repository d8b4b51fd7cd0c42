"""Live messages for people at `nc`, and for the original client."""

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput
from tcp_server.dialects.output import LINES, PLAIN
from tcp_server.room.commands import LiveShown

AT = "2026-11-22T05:43:03.120Z"
ENGLISH = LINES.changed(ChangeOutput(language="en"))
LAST = "один\n\x1b[31mдва\nтри\x1b[0m\nчетыре\n"


def live(state: str, seconds: float | None = None, code: int | None = None, **fields: object) -> m.Message:
    how = m.Live(state, seconds, code, 9, 4, LAST if seconds else "", **fields)  # type: ignore[arg-type]
    return m.Message(1043, AT, "Анна", "make test", kind="live", live=how)


def end(message: m.Message) -> m.Changed:
    return m.Changed(1044, AT, "Анна", "end", message)


@pytest.mark.parametrize(
    ("event", "lines", "plain"),
    [
        (live("open"), "Анна: ▸ #1043 make test\n", "Анна: ▸ make test\n"),
        (end(live("done", 134.2, 0)), "Анна: ✔ #1043 make test, 2:14\n", "Анна: ✔ make test, 2:14\n"),
        (end(live("done", 3734.2)), "Анна: ✔ #1043 make test, 1:02:14\n", "Анна: ✔ make test, 1:02:14\n"),
        (
            end(live("failed", 9.9, 2)),
            "Анна: ✘ #1043 make test, 0:09, код 2\nАнна: | два\nАнна: | три\nАнна: | четыре\n",
            "Анна: ✘ make test, 0:09\n",
        ),
        (
            end(live("lost", 60.0)),
            "Анна: ✘ #1043 make test, 1:00, оборвалось\n",
            "Анна: ✘ make test, 1:00\n",
        ),
    ],
)
def test_start_and_end(event: m.Event, lines: str, plain: str) -> None:
    assert LINES.encode([event]).decode() == lines
    assert PLAIN.encode([event]).decode() == plain


def test_what_grows_is_not_shown() -> None:
    events: list[m.Event] = [
        m.Preview(1043, 1, "a\n"),
        m.FollowedOutput(1043, 0, "a\n"),
        m.Received(id=1043, end=2),
        m.Body(id=1043, start=0, text="a\n", end=2),
    ]
    assert LINES.encode(events) == PLAIN.encode(events) == b""


def test_history_has_one_line() -> None:
    page = m.HistoryPage([live("failed", 9.9, 2), live("open")], False)
    first, second = ENGLISH.encode([page]).decode().splitlines()
    assert first.startswith("#1043 ")
    assert first.endswith("Анна: ✘ make test, 0:09, exit code 2")
    assert second.endswith("Анна: ▸ make test")


def test_the_whole_is_indented() -> None:
    first, *rest = LINES.encode([LiveShown(live("done", 1.0, 0), "Боб: один\nдва")]).decode().splitlines()
    assert first.endswith("Анна: ✔ make test, 0:01")
    assert rest == ["    Боб: один", "    два"]
    gone = ENGLISH.encode([LiveShown(live("done", 1.0, 0, gone=True), "")]).decode().splitlines()
    assert gone[1:] == ["    (the output is no longer kept)"]


def test_terminals_of_other_encodings_have_other_signs() -> None:
    output = LINES.changed(ChangeOutput(charset="cp1251"))
    shown = output.encode([live("open"), end(live("done", 1.0)), end(live("lost", 1.0))]).decode("cp1251")
    assert [line[6:7] for line in shown.splitlines()] == [">", "+", "x"]
