"""Web addresses as hyperlinks of the terminal (OSC 8)."""

import json
import re
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from chat_client.events import Entered, MessageChanged, NewMessage
from chat_protocol.messages import Body, Live, Message, Notice, Topic
from cli_client.colours import style_for
from cli_client.formatting import Line, lay_out, lay_out_plain
from cli_client.hyperlinks import END, MARK, are_taken, link_to, without_link
from cli_client.layout import Fragments
from cli_client.links import links_of
from cli_client.live_lines import coloured
from cli_client.rows import Picture
from cli_client.screen import Screen
from cli_client.wrapping import cell_width, wrap
from tests.chat_client.fake_room import AT, FakeRoom, message
from tests.cli_client.terminal_session import client_at, leave
from tests.cli_client.test_render import renderer, text_of
from tests.support.processes import ROOT

BEGIN = re.compile(r"\x1b\]8;id=(\d+);([!-~]*)\x1b\\")
WORDS = "[ссылка из нескольких слов](https://a.example/путь)"
TEXTS = [
    *(vector["text"] for vector in json.loads((ROOT / "tests/markdown_vectors.json").read_text("utf-8"))),
    WORDS,
    "> [раз](https://a.example)\n- **https://b.example/x**, `https://code.example`",
    f"https://a.example/{'длинный' * 20} и\thttps://b.example",
    "https://a.example/\u3164x https://b.example/\u200b https:// ftp://a.example",
]


def targets(fragments: Fragments) -> list[tuple[str, str]]:
    """Return the pieces that are hyperlinks: where they lead, and their text."""
    linked = ((*without_link(style), text) for style, text in fragments if MARK in style)
    found = ((BEGIN.fullmatch(link), text) for _, link, text in linked)
    return [(unquote(begin[2]), text) for begin, text in found if begin]


def pieces(lines: list[Line]) -> Fragments:
    return [piece for line in lines for piece in line]


@pytest.mark.parametrize(
    ("environment", "taken"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, True),
        ({"TERM": "foot", "VTE_VERSION": ""}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "screen.xterm-256color", "STY": "1.x"}, False),
        ({"TERM": "xterm-256color", "STY": "1.x"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "5000"}, False),
        *(({"TERM": term}, False) for term in ("linux", "dumb", "vt220", "eterm-color", "unknown", "")),
        ({}, False),
    ],
)
def test_which_terminals_take_hyperlinks(environment: dict[str, str], taken: bool) -> None:
    assert are_taken(environment) is taken


def test_what_an_address_is_written_as() -> None:
    _, link = without_link("bold" + link_to("HTTPS://пример.рф/a%20b;'[]?q=ü#%"))
    begin = BEGIN.fullmatch(link)
    assert begin
    assert begin[2] == "HTTPS://%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84/a%20b;'[]?q=%C3%BC#%"


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://", "file:///etc/passwd", "javascript://x", "ftp://a.example", "a.example"),
        *(f"https://a.example/{odd}" for odd in ("\x07", "\x1b\\", "\x9c", "a b", "\n", "\u202e", "\u3164")),
        *("https://a.example/" + "x" * 2100, "https://a.example/" + "ж" * 400, "https://a.example/\ud800"),
    ],
)
def test_what_leads_nowhere(url: str) -> None:
    assert link_to(url) == ""


@pytest.mark.parametrize("width", [8, 24, 60])
def test_hyperlinks_are_what_open_finds_and_take_no_width(width: int) -> None:
    for text in TEXTS:
        lines = lay_out(text, width, 3, "")
        found = targets(pieces(lines))
        assert {*links_of(text)} <= {target for target, _ in found}
        for target, shown in found:
            assert "://" not in shown or shown in target, "a text that is another address"
        for line in lines:
            shown = "".join(piece for _, piece in line)
            assert cell_width(shown) <= width or "://" in shown
        plain = ["".join(piece for _, piece in line) for line in lay_out_plain(text, width, 3, "")]
        assert plain == wrap(text, width, 3)


def test_the_rows_of_a_link_are_one_link() -> None:
    lines = lay_out(WORDS, 12, 0, "")
    rows = [[without_link(style)[1] for style, _ in line if MARK in style] for line in lines]
    assert len(rows) > 3
    assert all(rows)
    assert len({link for row in rows for link in row}) == 1
    other = link_to("https://a.example/путь")
    assert without_link(other)[1] != rows[0][0], "the same address in another message is another link"


def test_words_that_are_an_address_do_not_lead_elsewhere() -> None:
    assert targets(pieces(lay_out("[https://good.example](https://evil.example)", 99, 0, ""))) == [
        ("https://good.example", "https://good.example"),
        ("https://evil.example", "https://evil.example"),
    ]
    url = "https://a.example/x."
    assert targets(pieces(lay_out(f"[{url}]({url})", 99, 0, ""))) == [(url, url)]


def test_where_else_there_are_hyperlinks() -> None:
    output, url = renderer(), "https://a.example/x"
    topic = Topic(1, AT, "Анна", f"о {url}")
    notice = Message(2, AT, "", "объявление", Notice("announce", "Анна", text=f"см. {url}"))
    for fragments in (
        output.render(NewMessage(notice, own=False)),
        output.render(Entered("Анна", False, False, [], 0, ["Анна"], topic=topic)),
        output.topic(topic),
        output.answer_lines(f"x\n  1  {url}"),
        output.answer(url),
    ):
        assert targets(fragments) == [(url, url)], text_of(fragments)


A, B = "https://a.example/x", "http://b.example:5173/"


@pytest.mark.parametrize(
    ("line", "links"),
    [
        (f"see {A}, ({B})!", [(A, A), (B, B)]),
        (f"\x1b[36m{A}\x1b[0m", [(A, A)]),
        (
            "\x1b[36mhttp://b.example:\x1b[1m5173\x1b[22m/\x1b[0m",
            [(B, part) for part in (B[:17], "5173", "/")],
        ),
        (f"\x1b]8;;https://evil.example\x07{A}\x1b]8;;\x07", [(A, A)]),
        # What is not all seen could lead elsewhere than it seems.
        (f"\x1b[8m{A}\x1b[0m", []),
        (f"{A}\x1b[8m.evil.example\x1b[0m", []),
        (f"{A}\x1b[30m.evil.example\x1b[0m", []),
        (f"{A}\x1b[7m.evil.example", []),
        (f"{A}\x1b[8m .evil.example\x1b[0m", [(A, A)]),
        ("https://a.example/\u3164x", []),
        ("ftp://a.example", []),
        # The client that has sent it may have cut a long line there.
        (f"{'x' * 1970} {A}", []),
        (f"{'x' * 1970} {A} x", [(A, A)]),
    ],
)
def test_addresses_in_output_are_hyperlinks(line: str, links: list[tuple[str, str]]) -> None:
    shown = coloured(line)
    assert targets(shown) == links
    assert len({without_link(style)[1] for style, _ in shown if MARK in style}) == len(dict(links))
    without = [(without_link(style)[0], text) for style, text in shown]
    before = coloured(line.replace("://", ":||"))
    assert joined(without) == joined([(style, text.replace(":||", "://")) for style, text in before])


def joined(pieces: Fragments) -> Fragments:
    """Join neighbours of one style."""
    groups = groupby(pieces, lambda piece: piece[0])
    return [(style, "".join(text for _, text in group)) for style, group in groups]


def test_where_output_has_hyperlinks() -> None:
    output = renderer(40)
    body = Body(id=1, start=0, text=f"{A}\n", end=20, tail=f"{B}\n{A} {B}")
    assert targets(output.render(body)) == [(A, A)] * 2, "a line that goes on may do so in its address"
    live = Live("failed", 1.0, 1, last=f"{A}\n{'x' * 20} {A}\n{'x' * 14} {A} {B}\n")
    failed = Message(1, AT, "Боря", "make", kind="live", live=live)
    fragments = output.render(MessageChanged(failed, replace(failed, live=Live("open")), "end", "Боря", AT))
    assert targets(fragments) == [(A, A)], "a line that is cut may be cut in its address"


def written(fragments: Fragments, *, takes_links: bool) -> str:
    """Return what a terminal gets."""
    out = StringIO()
    output = Vt100_Output(out, lambda: Size(rows=24, columns=40), default_color_depth=ColorDepth.DEPTH_8_BIT)
    style = style_for(ColorDepth.DEPTH_8_BIT)
    screen = Screen(style, output, lambda *_: Picture([], 0, 0), lambda _: [], takes_links=takes_links)
    screen.print(fragments)
    return out.getvalue()


def test_what_the_terminal_gets() -> None:
    text = f"@Анна, {WORDS}\nhttps://a.example/@Анна и *https://b.example/*"
    called = Message(1, AT, "Боря", text, mentions=("Анна",))
    fragments = renderer(40).render(NewMessage(called, own=False))
    sent = written(fragments, takes_links=True)
    for row in sent.split("\r\n"):
        marks = re.sub("[^<>]", "", BEGIN.sub("<", row).replace(END, ">"))
        assert marks == "<>" * (len(marks) // 2), "each row ends what it has begun"
    assert [*dict.fromkeys(unquote(target) for _, target in BEGIN.findall(sent))] == links_of(text)
    assert BEGIN.sub("", sent).replace(END, "") == written(fragments, takes_links=False)
    assert re.sub(r"\x1b\[[0-9;]*m", "", written(fragments, takes_links=False)) == text_of(fragments).replace(
        "\n", "\r\n"
    )


def test_a_text_without_a_link_is_laid_out_as_ever() -> None:
    for text in ("слово " * 30, "**жирно** и просто", "a://"):
        assert not any(MARK in style for style, _ in pieces(lay_out(text, 40, 0, "")))


@pytest.mark.parametrize(
    ("file", "environment", "arguments", "is_linked"),
    [
        ("", {}, (), True),
        ("", {"TERM": "linux"}, (), False),
        ('links = "never"', {}, (), False),
        ('links = "never"', {"ONEROOM_LINKS": "always", "TERM": "linux"}, (), True),
        ("", {"ONEROOM_LINKS": "always"}, ("--links", "never"), False),
    ],
)
def test_a_link_in_a_terminal(  # noqa: PLR0917 - what decides about it
    room: FakeRoom,
    tmp_path: Path,
    file: str,
    environment: dict[str, Any],
    arguments: tuple[str, ...],
    is_linked: bool,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(file)
    given = ("--name", "Анна", "--config", str(config), *arguments)
    with client_at(room.address, *given, **environment) as terminal:
        client = room.accept()
        client.welcome(messages=[message(1, text="см. https://a.example/б")])
        terminal.wait_for("см. https://a.example/б  #1")
        link = b"https://a.example/%D0%B1\x1b\\https://a.example/\xd0\xb1\x1b]8;;\x1b\\"
        assert (link in terminal.received) is is_linked
        assert (b"\x1b]8;" in terminal.received) is is_linked
        terminal.wait_for("1 here")
        leave(terminal, client)
