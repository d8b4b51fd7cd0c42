"""The links in a message are found, and opened by the browser of the person."""

from pathlib import Path

import pytest

from cli_client.links import links_of, open_in_browser
from tests.chat_client.fake_room import FakeRoom, message
from tests.cli_client.terminal_session import client_at, leave
from tests.support.timing import eventually


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("без ссылок: ftp://a.example file:///etc/passwd https://… javascript://x", []),
        (
            "см. https://a.example/b_(c)?d=*e*. И (HTTP://b.example/)!",
            ["https://a.example/b_(c)?d=*e", "HTTP://b.example/"],
        ),
        ("> [слова](https://a.example)\n- **https://b.example**", ["https://a.example", "https://b.example"]),
        ("https://a.example https://a.example `https://code.example`", ["https://a.example"]),
        ("https://a.example/\x1b[31m\x07", ["https://a.example/"]),
        ("https://a.example/\u202egnp.exe https://b.example/\u200b", ["https://a.example/gnp.exe"]),
    ],
)
def test_the_links_in_a_text(text: str, links: list[str]) -> None:
    assert links_of(text) == links


def browser(folder: Path) -> tuple[Path, Path]:
    """Return a program that writes what it is given into a file, and that file."""
    program, file = folder / "browser", folder / "given"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{file}.new\nmv {file}.new {file}\n")
    program.chmod(0o700)
    return program, file


def given_to(file: Path) -> list[str]:
    """Return what the program was given, once it was started."""
    eventually(file.exists)
    return file.read_text().splitlines()


def test_the_browser_is_given_the_address_as_it_is(tmp_path: Path) -> None:
    program, file = browser(tmp_path)
    url = "https://a.example/?a=1&b=$(id);'|%20"
    assert open_in_browser(url, {"BROWSER": f"/nonexistent/browser:'broken:{program} --new %s x"})
    assert given_to(file) == ["--new", url, "x"]


def test_opening_links_in_a_terminal(room: FakeRoom, tmp_path: Path) -> None:
    program, file = browser(tmp_path)
    with client_at(room.address, "--name", "Анна", BROWSER=str(program)) as terminal:
        client = room.accept()
        texts = ("https://a.example/$(id) и [это](https://b.example/)", "https://c.example/", "ничего")
        client.welcome(messages=[message(number, text=text) for number, text in enumerate(texts, 1)])
        terminal.wait_for("1 here")
        terminal.enter_line("/open 1")
        terminal.wait_for("  2  https://b.example/")
        for typed, said in (
            ("/open", "The links of which message?"),
            ("/open 3", "There is no link in #3."),
            ("/open 1 3", "Links in #1: 2; there is no such one."),
            ("/open 99", "Message #99 is not here; /show 99 brings it."),
        ):
            terminal.type(typed, "\r")
            terminal.wait_for(said)
            terminal.type("\x03")
            terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        assert not file.exists()
        terminal.enter_line("/open #1 1")
        terminal.wait_for("» Opening https://a.example/$(id)")
        assert given_to(file) == ["https://a.example/$(id)"]
        file.unlink()
        terminal.enter_line("/open 2")
        terminal.wait_for("» Opening https://c.example/")
        assert given_to(file) == ["https://c.example/"]
        leave(terminal, client)
