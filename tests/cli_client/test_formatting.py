"""Formatted texts in the terminal."""

import json

import pytest

from cli_client.formatting import Line, lay_out
from cli_client.hyperlinks import MARK, without_link
from cli_client.wrapping import cell_width
from tests.support.processes import ROOT

VECTORS = json.loads((ROOT / "tests" / "markdown_vectors.json").read_text(encoding="utf-8"))


def words(lines: list[Line]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def styles(text: str) -> list[tuple[str, str]]:
    """Return the pieces of the only line, their styles in order."""
    (line,) = lay_out(text, 200, 0, "")
    return [(without_link(style)[0] if MARK in style else style.strip(), text) for style, text in line]


def test_marks_within_a_line() -> None:
    assert styles("**a *b*** ~~c~~ `d`") == [
        ("bold", "a "),
        ("bold italic", "b"),
        ("", " "),
        ("strike", "c"),
        ("", " "),
        ("class:code", "`d`"),
    ]


def test_a_link_shows_where_it_leads() -> None:
    assert styles("[a **b**](https://a.example)") == [
        ("underline", "a "),
        ("underline bold", "b"),
        ("class:dim", " ("),
        ("class:dim", "https://a.example"),
        ("class:dim", ")"),
    ]
    assert styles("[https://a.example](https://a.example)") == [("underline", "https://a.example")]


def test_lines_of_their_own() -> None:
    text = (
        "Список:\n1. раз два три четыре пять\n> цитата, которая длиннее строки\n```py\nif a:\n\tb()\n```\nда"
    )
    assert words(lay_out(text, 24, 6, "")) == [
        "Список:",
        "1. раз два три четыре",
        "   пять",
        "│ цитата, которая",
        "│ длиннее строки",
        "┌── py",
        "  if a:",
        "      b()",
        "└──",
        "да",
    ]


def test_the_markers_of_a_list_stand_below_each_other() -> None:
    assert words(lay_out("8. a\n9. b\n10. c", 40, 0, "")) == [" 8. a", " 9. b", "10. c"]


def test_a_message_that_begins_with_lines_of_its_own() -> None:
    assert words(lay_out("> a", 24, 6, "")) == ["", "│ a"]
    assert words(lay_out("> a", 24, 0, "")) == ["│ a"]


def test_code_is_not_wrapped_at_spaces_but_never_wider_than_the_terminal() -> None:
    assert words(lay_out("```\na  bc  漢字\n```", 8, 0, "")) == ["┌──", "  a  bc ", "   漢字", "└──"]


def test_styles_are_kept_where_a_text_is_wrapped() -> None:
    assert lay_out("**aa bb**  cc\n*dd*", 6, 0, "") == [
        [(" bold", "aa bb")],
        [("", "cc")],
        [(" italic", "dd")],
    ]


@pytest.mark.parametrize("width", [8, 13, 40])
def test_no_line_is_too_wide(width: int) -> None:
    for vector in VECTORS:
        lines = words(lay_out(vector["text"], width, 5, ""))
        wide = [line for line in lines if cell_width(line) > width and "://" not in line]
        assert not wide, vector["text"]


def test_a_requested_message_stays_highlighted() -> None:
    assert lay_out("a **b**", 40, 0, "class:highlight") == [
        [("class:highlight", "a "), ("class:highlight bold", "b")]
    ]
