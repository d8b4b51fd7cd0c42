"""What a person may type instead of a command."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.commands import OnLast
from chat_protocol.messages import Edit, React
from chat_protocol.short_forms import ShortForm, Substitution, parse_short_form
from tests.support.processes import ROOT

CASES = json.loads((ROOT / "tests" / "chat_protocol" / "command_lines.json").read_text(encoding="utf-8"))
"""`short` has what a person types; `command` is what that is short for, without one it is said, as `text`."""


def described(form: ShortForm) -> dict[str, object]:
    """Return a short form as in the cases."""
    if isinstance(form, Substitution):
        return {"name": "s", "old": form.old, "new": form.new}
    act = form.act if isinstance(form, OnLast) else form
    assert isinstance(act, React)
    number = {"id": act.id} if act.id else {}
    return {"name": "react" if act.on else "unreact", **number, "emoji": act.emoji}


@pytest.mark.parametrize("case", CASES["short"], ids=lambda case: case["line"])
def test_what_is_typed(case: dict[str, Any]) -> None:
    form = parse_short_form(case["line"])
    if "command" in case:
        assert not isinstance(form, str)
        assert described(form) == case["command"]
        assert parse_short_form("\\" + case["line"]) == case["line"]
    else:
        assert form == case.get("text", case["line"])


def test_a_substitution_is_of_the_first_place() -> None:
    assert Substitution("о", "а").edit(7, "окно") == Edit(id=7, text="акно")
    assert Substitution(" окно", "").edit(7, "окно") is None


@given(st.text(alphabet="s/\\#1+-👍a \n:", max_size=20))
def test_a_backslash_says_what_it_stands_before(typed: str) -> None:
    form = parse_short_form(typed)
    if isinstance(form, str):
        assert form in (typed, typed[1:])
    else:
        assert parse_short_form("\\" + typed) == typed
