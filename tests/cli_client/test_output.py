"""What is written for the next program: lines, JSON, and entries of the history."""

import json

import pytest
from msgspec.structs import replace

from chat_protocol.message import redacted
from chat_protocol.messages import Changed, Message, Quote, Reaction
from cli_client.output import as_entry, as_json, as_lines
from tests.chat_client.fake_room import AT, LATER, message

SAID = message(7, "Боря", "раз\nдва")
ANSWER = replace(message(8, "Боря", "да"), reply=Quote(7, "Анна", "Кто принесёт чай?"))
REACTED = replace(SAID, reactions=[Reaction("👍", 4, ["Анна", "Вера", "Зоя"]), Reaction("🎉", 1, ["Боря"])])


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (SAID, ["Боря: раз", "Боря: два"]),
        (ANSWER, ["Боря: ↪ #7 Анна «Кто принесёт чай?» да"]),
        (replace(ANSWER, reply=Quote(7)), ["Боря: ↪ #7 да"]),
        (replace(message(9, "Боря", "машет"), kind="action"), ["Боря: * машет"]),
        (Changed(9, LATER, "Боря", "edit", SAID), ["Боря: ✎ #7 раз", "Боря: два"]),
        (
            Changed(9, LATER, "Боря", "edit", replace(SAID, text="машет", kind="action")),
            ["Боря: ✎ #7 * машет"],
        ),
        (Changed(9, LATER, "Анна", "react", REACTED), []),
        (Changed(9, LATER, "Боря", "delete", redacted(SAID)), []),
    ],
)
def test_a_script_reads_texts(event: Message | Changed, lines: list[str]) -> None:
    assert as_lines(event).splitlines() == lines


def test_json_has_everything_that_the_room_sends() -> None:
    changed = json.loads(as_json(Changed(9, LATER, "Анна", "react", REACTED)))
    assert (changed["type"], changed["id"], changed["act"], changed["by"]) == ("changed", 9, "react", "Анна")
    assert changed["message"]["reactions"][0] == {"emoji": "👍", "count": 4, "names": ["Анна", "Вера", "Зоя"]}
    said = json.loads(as_json(ANSWER))
    assert said["reply"] == {"id": 7, "name": "Анна", "excerpt": "Кто принесёт чай?"}


def test_nothing_of_it_has_control_characters() -> None:
    bad = "a\x1b[2Jb\x9bc\x07\u202ed"
    now = Message(
        *(7, AT, bad, bad),
        reply=Quote(1, bad, bad),
        mentions=[bad],
        edited=LATER,
        reactions=[Reaction(bad, 2, [bad])],
    )
    changed = Changed(9, LATER, bad, "edit", now)
    written = as_lines(now) + as_lines(changed) + as_entry(now)
    written += json.dumps([json.loads(as_json(event)) for event in (now, changed)], ensure_ascii=False)
    assert written.replace("\n", "").isprintable()


def test_an_entry_shows_that_it_is_edited_and_its_reactions() -> None:
    _, _, text = as_entry(replace(REACTED, edited=LATER)).partition("Боря: ")
    assert text == "✎ раз\n    два\n    👍 4: Анна, Вера, Зоя … · 🎉 1: Боря\n"
    assert as_entry(ANSWER).endswith(" Боря: ↪ #7 Анна «Кто принесёт чай?» да\n")
