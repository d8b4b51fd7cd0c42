"""News as lines of a terminal."""

from datetime import UTC
from typing import get_args

import pytest
import wcwidth

from chat_protocol.address import Address
from chat_protocol.messages import Act, BanEntry, Bans, Joined, Left, Message, Moderate, Notice, Whois
from chat_protocol.text import one_line
from cli_client.news import Ended, Entered, Hits, Lost, NameRefused, News, Page, Said, Trouble, Unsent
from cli_client.render import Fragments, Renderer, name_style
from cli_client.words import Words
from tests.cli_client.fake_room import AT, message

ACTS: tuple[Act, ...] = get_args(Act)
HOSTILE = "a\x1b[2Jb\x9b31mc\x07\x08d\u202ee\u2066f\u2028g\x00\rh"


def renderer(width: int = 80, lang: str = "ru") -> Renderer:
    return Renderer(Words(lang), Address("127.0.0.1", 8080), lambda: width, UTC)


def text_of(fragments: Fragments) -> str:
    return "".join(text for _, text in fragments)


def lines_of(text: str, name: str = "Анна", width: int = 80) -> list[str]:
    said = Said(Message(id=1043, at=AT, name=name, text=text), own=False)
    return text_of(renderer(width).news(said)).splitlines()[1:]  # the first is the day


def test_a_message() -> None:
    out = renderer().news(Said(message(1043, "Анна", "привет"), own=False))
    assert text_of(out) == "── 22 ноября 2026 ──\n05:43 Анна: привет  #1043\n"
    assert (name_style("Анна"), "Анна") in out


def test_a_day_is_set_off_once() -> None:
    face = renderer(lang="en")
    first = text_of(face.news(Said(message(1, "A", "x"), own=False)))
    assert first == "── November 22, 2026 ──\n05:43 A: x  #1\n"
    assert text_of(face.news(Said(message(2, "A", "y"), own=False))) == "05:43 A: y  #2\n"
    later = Said(Message(id=3, at="2026-11-23T00:00:00Z", name="A", text="z"), own=False)
    assert text_of(face.news(later)) == "── November 23, 2026 ──\n00:00 A: z  #3\n"


def test_long_text_is_wrapped_at_words_and_indented() -> None:
    lines = lines_of("слово " * 40)
    assert len(lines) > 2
    assert all(wcwidth.width(line) <= 80 for line in lines)
    assert all(line.startswith("      ") for line in lines[1:])
    assert " ".join(lines).split()[2:-1] == ["слово"] * 40


@pytest.mark.parametrize("width", [16, 30, 44, 80, 200])
@pytest.mark.parametrize(
    "text", ["漢字かな交じり文" * 20, "👩‍👩‍👧‍👦👋🏽" * 30, "é" * 150, "x" * 300, "один\n\n  два\n\tтри"]
)
def test_no_line_is_wider_than_the_terminal(text: str, width: int) -> None:
    lines = lines_of(text, "Имя", width)
    assert all(wcwidth.width(line) <= width for line in lines)
    shown = "".join("".join(lines).split()).removeprefix("05:43Имя:").removesuffix("#1043")
    assert shown == "".join(text.split())


def test_line_breaks_and_indents_of_a_text_are_kept() -> None:
    assert lines_of("def f():\n    return 1\n\nf()") == [
        "05:43 Анна: def f():",
        "          return 1",
        "      ",
        "      f()  #1043",
    ]


def test_a_web_address_stays_in_one_piece() -> None:
    address = "https://example.org/" + "x" * 100
    assert any(address in line for line in lines_of(f"см. {address}", width=60))


def test_a_long_name_in_a_narrow_terminal_gets_its_own_line() -> None:
    lines = lines_of("привет", "Константин Константинопольский", 34)
    assert lines == ["05:43 Константин Константинопольский:", "  привет  #1043"]


@pytest.mark.parametrize("width", [30, 80])
def test_nothing_of_others_controls_the_terminal(width: int) -> None:
    face = renderer(width)
    name = f"{HOSTILE}\nБоря: подделка"
    news: list[News] = [
        Said(Message(id=1, at=AT, name=name, text=HOSTILE), own=False),
        Said(Message(id=1, at=HOSTILE, name=name, text=HOSTILE), own=False),
        Joined(name, AT),
        Left(name, AT, HOSTILE),
        Entered(name, False, False, [Message(id=1, at=AT, name=name, text=HOSTILE)], 0, [name, "x"]),
        Page([Message(id=1, at=AT, name=name, text=HOSTILE)]),
        Unsent(HOSTILE, HOSTILE, HOSTILE),
        NameRefused(HOSTILE, HOSTILE),
        Lost(HOSTILE),
        Whois(name, [HOSTILE]),
        Bans([BanEntry(name, HOSTILE, HOSTILE, name, HOSTILE)]),
        *(
            Said(Message(1, AT, name, HOSTILE, Notice(act, name, name, 1, 60, HOSTILE)), own=False)
            for act in ACTS
        ),
    ]
    for piece in news:
        shown = text_of(face.news(piece))
        assert shown
        assert not [char for char in shown if char != "\n" and not char.isprintable()], piece
        assert not any(line.startswith("Боря") for line in shown.splitlines())
    pending = text_of(face.pending([HOSTILE, name]))
    assert all(char == "\n" or char.isprintable() for char in pending)


def test_a_name_has_one_line_and_one_colour() -> None:
    assert one_line(" Анна\n\t Боря\x1b ") == "Анна Боря"
    assert name_style("Анна") == name_style("анна")
    assert len({name_style(f"имя {number}") for number in range(50)}) == 6


def test_pages_are_set_off_and_the_one_looked_for_is_bold() -> None:
    out = renderer().news(Page([message(n) for n in range(1040, 1045)], target=1043))
    assert text_of(out).startswith("── сообщение #1043 ──\n")
    assert [text for style, text in out if style == "class:marked"] == ["сообщение 1043"]
    assert text_of(renderer().news(Page([message(7), message(8)]))).startswith("── раньше · #7–#8 ──\n")
    assert text_of(renderer().news(Hits([message(7)], True, "семь"))).startswith("── семь: 1 сообщение ──\n")
    assert text_of(renderer().news(Hits([], False, "семь"))) == "Не нашлось: семь\n"
    assert text_of(renderer().news(Page((), 5))) == "Сообщения #5 нет.\n"
    assert text_of(renderer().news(Page(()))) == "Раньше ничего нет.\n"


def test_coming_back_tells_what_is_missing() -> None:
    news = Entered("Анна", True, False, [message(60)], 37, ["Анна"])
    lines = text_of(renderer().news(news)).splitlines()
    assert lines[:2] == ["Снова на связи.", "Здесь пропущено 37 сообщений: /history"]
    assert lines[-1].endswith("#60")


def test_only_an_end_that_was_not_wished_for_is_explained() -> None:
    assert text_of(renderer().news(Ended("kicked"))) == "Вас удалили из чата.\n"
    assert renderer().news(Ended("left")) == []


def test_of_many_pending_texts_the_newest_are_shown_on_a_line_each() -> None:
    shown = text_of(renderer(30).pending([f"текст {n}\nещё строка и ещё слова" for n in range(9)]))
    lines = shown.splitlines()
    assert lines[0] == "  … и ещё 5"
    assert len(lines) == 5
    assert all(wcwidth.width(line) <= 30 for line in lines)
    assert "текст 8" in lines[-1]


def told(notice: Notice, lang: str = "ru") -> str:
    news = Said(Message(5, AT, "Сервер", "по-русски", notice), own=False)
    return text_of(renderer(lang=lang).news(news)).splitlines()[1]


@pytest.mark.parametrize(
    ("notice", "russian", "english"),
    [
        (Notice("kick", "Вера", "Боря"), "Вера удаляет из чата: Боря", "Вера removes Боря from the chat"),
        (
            Notice("ban", "Вера", seconds=3600, text="спам"),
            "Вера закрывает вход по адресу на 1 ч. Причина: спам",
            "Вера bans an address for 1 h. Reason: спам",
        ),
        (Notice("ban", "Вера", "Боря"), "Вера закрывает вход навсегда: Боря", "Вера bans Боря for good"),
        (Notice("ban", "Вера"), "Вера закрывает вход по адресу навсегда", "Вера bans an address for good"),
        (
            Notice("ban", "Вера", "Боря", seconds=3600),
            "Вера закрывает вход на 1 ч: Боря",
            "Вера bans Боря for 1 h",
        ),
        (Notice("unban", "Вера", "Боря"), "Вера снова открывает вход: Боря", "Вера lets Боря in again"),
        (Notice("unban", "Вера"), "Вера снова открывает вход по адресу", "Вера lifts the ban on an address"),
        (
            Notice("mute", "Вера", "Боря", seconds=600),
            "Вера запрещает писать на 10 мин: Боря",
            "Вера mutes Боря for 10 min",
        ),
        (Notice("unmute", "Вера", "Боря"), "Вера снова разрешает писать: Боря", "Вера lets Боря write again"),
        (Notice("delete", "Вера", id=3), "Вера удаляет сообщение #3", "Вера deletes message #3"),
        (Notice("announce", "Вера", text="Обед"), "Объявление (Вера): Обед", "Announcement (Вера): Обед"),
    ],
)
def test_what_a_moderator_did_is_told_in_both_languages(notice: Notice, russian: str, english: str) -> None:
    assert told(notice) == f"05:43 {russian}  #5"
    assert told(notice, "en") == f"05:43 {english}  #5"


def test_an_act_of_a_newer_room_is_told_in_the_rooms_own_words() -> None:
    assert told(Notice("crown", "Анна", "Борис"), "en") == "05:43 по-русски  #5"


def test_what_was_deleted_and_why_someone_is_gone() -> None:
    gone = text_of(renderer().news(Said(Message(7, AT, "Боря", "", deleted=True), own=False)))
    assert gone.endswith("05:43 Боря: сообщение удалено  #7\n")
    for reason in ("kicked", "banned"):
        assert renderer().news(Left("Боря", AT, reason)) == []  # the notice has told it
    assert text_of(renderer().news(Left("Боря", AT))).endswith("05:43 Боря больше не в чате\n")
    assert text_of(renderer().news(Joined("Боря", AT))).endswith("05:43 Боря теперь здесь\n")


@pytest.mark.parametrize(
    ("news", "russian", "english"),
    [
        (Trouble("not_found", "Вера", None, Whois("Вера")), "Не нашлось: Вера", "Not found: Вера"),
        (Trouble("not_found", "#7"), "Не нашлось: #7", "Not found: #7"),
        (
            Trouble("is_moderator", "?", None, Moderate("kick", "Вера")),
            "/kick Вера — Это модератор: так нельзя.",
            "/kick Вера — This is a moderator: not possible.",
        ),
        (
            Trouble("too_many", "?", None, Moderate("ban", "::/0")),
            "/ban ::/0 — Так вход закрылся бы слишком многим.",
            "/ban ::/0 — That would shut out too many.",
        ),
        (
            Trouble("bad_target", "?", None, Moderate("ban", "a:b")),
            "/ban a:b — Это не имя и не адрес.",
            "/ban a:b — Neither a name nor an address.",
        ),
        (
            Trouble("not_moderator", "?", None, Bans()),
            "/bans — Это может только модератор.",
            "/bans — Only a moderator may do that.",
        ),
        (Trouble("too_fast", "?", 3.0), "Слишком часто. Подождите 3 с.", "Too fast. Wait 3 s."),
        (Ended("banned", 7199.5), "Вход закрыт ещё на 2 ч.", "You are banned for another 2 h."),
        (Ended("banned"), "Вход закрыт навсегда.", "You are banned for good."),
        (Ended("shut_out"), "Вход закрыт.", "You are banned."),
        (
            NameRefused("name_reserved", "?"),
            "Это слово самого чата, оно не может быть именем. Попробуйте другое.",
            "This is a word of the chat itself and cannot be a name. Try another one.",
        ),
    ],
)
def test_refusals_stand_for_themselves(news: News, russian: str, english: str) -> None:
    assert text_of(renderer().news(news)) == f"{russian}\n"
    assert text_of(renderer(lang="en").news(news)) == f"{english}\n"


def test_the_bans_there_are() -> None:
    entries = [BanEntry("Боря", AT, None, "Вера"), BanEntry("203.0.113.0/24", AT, AT, "Вера", "спам")]
    assert text_of(renderer().news(Bans(entries))) == (
        "Боря · навсегда · Вера\n203.0.113.0/24 · до 22.11.2026 05:43 · Вера. Причина: спам\n"
    )
    assert text_of(renderer().news(Bans())) == "Вход никому не закрыт.\n"
    assert text_of(renderer().news(Whois("Боря", ["203.0.113.7", "::1"]))) == "Боря: 203.0.113.7, ::1\n"
