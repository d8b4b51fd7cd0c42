"""Answers, actions, reactions and changes of messages as lines of a terminal."""

from datetime import UTC
from typing import Any

import pytest
import wcwidth
from msgspec.structs import replace

from chat_client.events import Entered, MessageChanged, NewMessage
from chat_protocol.address import Address
from chat_protocol.message import redacted
from chat_protocol.messages import Body, Live, Message, Notice, Quote, Reaction
from chat_protocol.text import clean
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.translations import Translations
from tests.chat_client.fake_room import AT, LATER, message

HOSTILE = "a\x1b[2Jb\x9b31mc\x07\x08d\u202ee\u2066f\u2028g\x00\rh\n"
WIDTHS = pytest.mark.parametrize("width", [16, 30, 44, 80, 120, 200])


def renderer(width: int = 80, lang: str = "ru") -> Renderer:
    """Return the renderer of Анна, who has just come; the date is already shown."""
    output = Renderer(Translations(lang), Address("127.0.0.1", 8080), lambda: width, UTC)
    output.render(Entered("Анна", rejoined=False, new_log=False, messages=[message(1)], missed=0, members=[]))
    return output


def text_of(fragments: Fragments) -> str:
    return "".join(text for _, text in fragments)


def lines_of(now: Message, width: int = 80, lang: str = "ru") -> list[str]:
    return text_of(renderer(width, lang).render(NewMessage(now, own=now.mine))).splitlines()


def change(now: Message, before: Message | None, width: int = 80, **fields: Any) -> list[str]:
    event = MessageChanged(now, before, by="Боря", at=LATER, **fields)
    return text_of(renderer(width).render(event)).splitlines()


def reactions(*counts: tuple[str, int, str]) -> list[Reaction]:
    return [Reaction(emoji, count, names.split()) for emoji, count, names in counts]


def test_an_answer_has_its_quote_above() -> None:
    answer = replace(message(1043, text="Я принесу"), reply=Quote(1040, "Анна", "Кто принесёт чай?"))
    assert lines_of(answer) == ["      ↪ #1040 Анна «Кто принесёт чай?»", "05:43 Боря: Я принесу  #1043"]
    assert lines_of(answer, lang="en")[0] == "      ↪ #1040 Анна “Кто принесёт чай?”"
    deleted = replace(answer, reply=Quote(1040, "Анна"))
    assert lines_of(deleted)[0] == "      ↪ #1040 Анна: сообщение удалено"
    assert lines_of(replace(answer, reply=Quote(1040)))[0] == "      ↪ #1040"
    assert lines_of(redacted(answer)) == ["05:43 Боря: сообщение удалено  #1043"]


def test_a_long_quote_is_one_line() -> None:
    answer = replace(message(1043, text="да"), reply=Quote(1040, "Анна", "слово " * 16))
    quote, _ = lines_of(answer, 60)
    assert quote == "      ↪ #1040 Анна «слово слово слово слово слово слово с…»"


def test_an_action_is_a_sentence() -> None:
    assert lines_of(replace(message(7, text="машет рукой"), kind="action")) == [
        "05:43 * Боря машет рукой  #7"
    ]
    assert lines_of(replace(message(7, text="да"), kind="poll")) == ["05:43 Боря: да  #7"]


def test_an_edited_message_says_so() -> None:
    assert lines_of(replace(message(7, text="да"), edited=LATER)) == ["05:43 Боря: да  #7 · изменено"]


def test_reactions_are_one_line_below() -> None:
    reacted = replace(
        message(7, text="да"), reactions=reactions(("👍", 5, "Анна Вера Зоя"), ("🎉", 1, "Боря"))
    )
    assert lines_of(reacted) == ["05:43 Боря: да  #7", "      👍 5: Анна, Вера, Зоя и ещё 2 · 🎉 1: Боря"]
    assert lines_of(reacted, 40)[1] == "      👍 5 · 🎉 1"
    own = replace(reacted, reactions=[replace(reacted.reactions[0], mine=True), reacted.reactions[1]])
    bold = [text for style, text in renderer().render(NewMessage(own, own=False)) if style == "bold"]
    assert bold == ["👍 5"]


def test_twenty_reactions_stay_in_one_line() -> None:
    reacted = replace(message(7, text="да"), reactions=[Reaction("👍", n, ["Анна"]) for n in range(100, 120)])
    lines = lines_of(reacted, 60)
    assert len(lines) == 2
    assert lines[1].endswith(" …")


@pytest.mark.parametrize("call", ["@Анна", "@анна", "@all", "@все"])
def test_who_is_called_sees_it_in_the_text(call: str) -> None:
    called = replace(
        message(7, text=f"Где {call}?"), mentions=["all" if call in ("@all", "@все") else "Анна"]
    )
    marked = [text for style, text in renderer().render(NewMessage(called, own=False)) if "mention" in style]
    assert marked == [call]
    not_me = replace(called, mentions=["Вера"])
    assert not [style for style, _ in renderer().render(NewMessage(not_me, own=False)) if "mention" in style]


def test_a_change_is_told_in_one_line() -> None:
    before = message(7)
    edited = replace(before, text="новый текст", edited=LATER)
    assert change(edited, before, act="edit") == ["05:44 ✎ #7 Боря: новый текст"]
    assert change(replace(edited, kind="action"), before, act="edit") == ["05:44 ✎ #7 * Боря новый текст"]
    reacted = replace(before, reactions=reactions(("👍", 2, "Анна Боря")))
    assert change(reacted, before, act="react") == ["05:44 #7 👍 2: Анна, Боря"]
    assert change(before, reacted, act="react") == ["05:44 #7 реакций больше нет"]
    assert change(redacted(before), before, act="delete") == ["05:44 ✗ #7 Боря: сообщение удалено"]


def test_what_changed_while_offline_has_no_time() -> None:
    before = message(7)
    now = replace(before, text="новый", edited=LATER, reactions=reactions(("👍", 1, "Боря")))
    lines = text_of(renderer().render(MessageChanged(now, before))).splitlines()
    assert lines == ["      ✎ #7 Боря: новый", "      #7 👍 1: Боря"]


def test_what_was_never_shown_or_is_told_already_is_not_told() -> None:
    assert change(message(7), None, act="edit") == []
    assert change(redacted(message(7)), redacted(message(7)), act="delete") == []  # by the notice
    assert change(message(7), message(7), act="react") == []


@pytest.mark.parametrize(
    ("act", "line"),
    [
        ("edit", "05:44 ✎ #7 Боря: сообщение 7"),
        ("react", "05:44 #7 👍 1: Анна"),
        ("delete", "05:44 ✗ #7 Боря: сообщение удалено"),
    ],
)
def test_who_acts_on_an_old_message_is_told(act: str, line: str) -> None:
    now = replace(message(7), reactions=reactions(("👍", 1, "Анна")))
    assert change(redacted(now) if act == "delete" else now, None, act=act, own=True) == [line]


@WIDTHS
@pytest.mark.parametrize("name", ["Боря", HOSTILE, "漢" * 9, "👩‍👩‍👧‍👦" * 8])
def test_nothing_breaks_the_layout(width: int, name: str) -> None:
    now = Message(
        10**6,
        AT,
        name,
        f"@Анна {HOSTILE}" * 3,
        reply=Quote(10**6, name, HOSTILE * 9),
        mentions=["Анна"],
        edited=LATER,
        reactions=[Reaction(emoji, 10**9, [name] * 3) for emoji in ("👍", HOSTILE, "\u0301" * 64)],
    )
    output = renderer(width)
    shown = output.render(NewMessage(now, own=False))
    shown += output.render(NewMessage(replace(now, kind="action"), own=False))
    for act in ("edit", "react", "delete"):
        shown += output.render(MessageChanged(now, None, act, name, LATER, own=True))
        shown += output.render(MessageChanged(redacted(now), now, act, name, LATER))
    assert all(clean(line) == line for line in text_of(shown).splitlines())
    assert [line for line in text_of(shown).splitlines() if wcwidth.width(line) > max(width, 44)] == []


def test_an_imitated_quote_stands_within_the_message() -> None:
    lines = lines_of(message(7, text="да\n↪ #5 Анна «нет»\n12:00 Анна: да"))
    assert lines[0].startswith("05:43 Боря: ")
    assert lines[-1].endswith("#7")
    notice = Message(8, AT, "Сервер", "…", Notice("announce", by="Вера", text="↪ #5 Анна «нет»"))
    assert lines_of(notice)[0].startswith("05:43 Объявление (Вера)")


def test_others_who_are_called_have_their_colours_in_the_text() -> None:
    output = renderer()
    called = replace(message(7, text="@вера, @Вера Ли, x@Вера и @Анна"), mentions=["Вера", "Вера Ли", "Анна"])
    out = output.render(NewMessage(called, own=False))
    marked = [(style, text) for style, text in out if text.startswith("@")]
    vera, lee = output.colours.style("Вера"), output.colours.style("Вера Ли")
    assert marked == [(vera, "@вера"), (lee, "@Вера Ли"), ("class:mention", "@Анна")]
    assert vera != lee


def test_where_the_terminal_is_wide_further_lines_stand_below_the_text() -> None:
    long = message(7, text="слово " * 30)
    assert [line[:14] for line in lines_of(long, 120)] == [
        "05:43 Боря: сл",
        "            сл",
        "            сл",
    ]
    assert lines_of(long, 99)[1].startswith("      слово")
    code = message(7, text="вот:\n```\nx\n```")
    assert lines_of(code, 120)[1:] == ["            ┌──", "              x", "            └──  #7"]


def test_a_number_is_not_alone_in_its_line() -> None:
    assert lines_of(message(1043, text="слово " * 6), 50)[-1] == "      слово  #1043"
    token = lines_of(message(1043, text="x" * 75), 50)
    assert token[-1] == f"      {'x' * 2}  #1043"
    assert "".join(line[6:].removeprefix("Боря: ").split()[0] for line in token) == "x" * 75
    styled = lines_of(message(1043, text="**слово слово** слово слово *слово слово*"), 50)
    assert styled[-1] == "      слово  #1043"
    address = f"https://example.org/{'x' * 50}"
    assert lines_of(message(1043, text=address), 50)[-1] == f"      {address}  #1043"


def test_a_live_message_has_a_line_at_its_start_and_at_its_end() -> None:
    begun = replace(message(1043, text="make *test*"), kind="live", live=Live("open"))
    assert lines_of(begun) == ["05:43 Боря ▸ make *test*  #1043"]
    last = "one\ntwo\n\x1b[31mthree\x1b[2K\nfour\n"
    failed = replace(begun, live=Live("failed", 134.9, 2, 20, 4, last))
    assert change(failed, begun, act="end") == [
        "05:44 #1043 Боря ✘ make *test*, 2:14, код 2",
        *("      two", "      three", "      four"),
    ]
    assert change(failed, begun, 32, act="end")[:2] == ["05:44 #1043 Боря ✘ make *test*,", "  2:14, код 2"]
    done = replace(begun, live=Live("done", 3725.0, 0, 20, 4, last))
    assert change(done, begun, act="end") == ["05:44 #1043 Боря ✔ make *test*, 1:02:05"]
    assert change(done, done) == []
    lost = replace(begun, live=Live("lost", 5.0))
    assert lines_of(lost, lang="en") == ["05:43 Боря ◌ make *test*, 0:05, ended without a word  #1043"]


def test_an_output_is_shown_with_its_colours_and_nothing_else() -> None:
    body = Body(
        id=7, start=20, text="a\x1b[2J\x1b[1;31mb\x1b[38;5;196mc\n\n", end=30, left_out=(10, 20), tail="d"
    )
    shown = renderer(lang="en").render(body)
    assert text_of(shown).splitlines() == ["[… 10 bytes left out …]", "abc", "", "d", "── now ──"]
    assert ("bold fg:ansired", "b") in shown
    assert ("bold fg:#ff0000", "c") in shown
