"""Events as lines of a terminal."""

from datetime import UTC
from typing import get_args

import pytest
import wcwidth
from msgspec.structs import replace

from chat_client.events import (
    ClientEvent,
    ConnectionLost,
    Ended,
    Entered,
    MessageRefused,
    NameRefused,
    NewMessage,
    OlderMessages,
    RequestFailed,
    SearchResults,
)
from chat_protocol.address import Address
from chat_protocol.messages import (
    About,
    Act,
    BanEntry,
    Bans,
    Joined,
    Left,
    Message,
    Moderate,
    Notice,
    Quote,
    Topic,
    Whois,
)
from chat_protocol.text import one_line
from cli_client.ignored import Ignored
from cli_client.layout import Fragments
from cli_client.name_colours import preferred_colour
from cli_client.render import Renderer
from cli_client.translations import Translations
from tests.chat_client.fake_room import AT, message

ACTS: tuple[Act, ...] = get_args(Act)
HOSTILE = "a\x1b[2Jb\x9b31mc\x07\x08d\u202ee\u2066f\u2028g\x00\rh"


def renderer(width: int = 80, lang: str = "ru", ignored: Ignored | None = None) -> Renderer:
    address = Address("127.0.0.1", 8080)
    return Renderer(Translations(lang), address, lambda: width, UTC, ignored=ignored)


def text_of(fragments: Fragments) -> str:
    return "".join(text for _, text in fragments)


def lines_of(text: str, name: str = "Анна", width: int = 80) -> list[str]:
    event = NewMessage(Message(id=1043, at=AT, name=name, text=text), own=False)
    return text_of(renderer(width).render(event)).splitlines()[1:]  # the first is the date


def test_a_message() -> None:
    out = renderer().render(NewMessage(message(1043, "Анна", "привет"), own=False))
    assert text_of(out) == "── 22 ноября 2026 ──\n05:43 Анна: привет  #1043\n"
    assert (f"class:person-{preferred_colour('Анна')}", "Анна") in out


def test_a_date_is_shown_once() -> None:
    output = renderer(lang="en")
    first = text_of(output.render(NewMessage(message(1, "A", "x"), own=False)))
    assert first == "── November 22, 2026 ──\n05:43 A: x  #1\n"
    assert text_of(output.render(NewMessage(message(2, "A", "y"), own=False))) == "05:43 A: y  #2\n"
    later = NewMessage(Message(id=3, at="2026-11-23T00:00:00Z", name="A", text="z"), own=False)
    assert text_of(output.render(later)) == "── November 23, 2026 ──\n00:00 A: z  #3\n"


def test_long_text_is_wrapped_at_words_and_indented() -> None:
    lines = lines_of("слово " * 40)
    assert len(lines) > 2
    assert all(wcwidth.width(line) <= 80 for line in lines)
    assert all(line.startswith("      ") for line in lines[1:])
    assert " ".join(lines).split()[2:-1] == ["слово"] * 40


def test_a_formatted_text_keeps_its_place_between_name_and_number() -> None:
    assert lines_of("**да** и\n- раз") == ["05:43 Анна: да и", "      • раз  #1043"]
    assert lines_of("> да\nнет") == ["05:43 Анна:", "      │ да", "      нет  #1043"]


def test_a_text_can_be_shown_as_typed() -> None:
    output = Renderer(Translations("ru"), Address("127.0.0.1", 8080), lambda: 80, UTC, as_typed=True)
    out = text_of(output.render(NewMessage(message(1, "Анна", "**да**\n> нет"), own=False)))
    assert out.splitlines()[1:] == ["05:43 Анна: **да**", "      > нет  #1"]
    answer = replace(message(2, "Боря", "и я"), reply=Quote(1, "Анна", "**да** > нет"))
    out = text_of(output.render(NewMessage(answer, own=False)))
    assert out.splitlines()[0] == "      ↪ #1 Анна «**да** > нет»"


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


def test_a_web_address_is_not_split() -> None:
    address = "https://example.org/" + "x" * 100
    assert any(address in line for line in lines_of(f"см. {address}", width=60))


def test_a_long_name_in_a_narrow_terminal_gets_its_own_line() -> None:
    lines = lines_of("привет", "Константин Константинопольский", 34)
    assert lines == ["05:43 Константин Константинопольский:", "  привет  #1043"]


@pytest.mark.parametrize("width", [30, 80])
def test_control_characters_of_others_are_removed(width: int) -> None:
    output = renderer(width)
    name = f"{HOSTILE}\nБоря: подделка"
    event: list[ClientEvent] = [
        NewMessage(Message(id=1, at=AT, name=name, text=HOSTILE), own=False),
        NewMessage(Message(id=1, at=HOSTILE, name=name, text=HOSTILE), own=False),
        Entered(name, False, False, [Message(id=1, at=AT, name=name, text=HOSTILE)], 0, [name, "x"]),
        About(name, HOSTILE),
        OlderMessages([Message(id=1, at=AT, name=name, text=HOSTILE)]),
        MessageRefused(HOSTILE, HOSTILE, HOSTILE),
        NameRefused(HOSTILE, HOSTILE),
        ConnectionLost(HOSTILE),
        Whois(name, [HOSTILE]),
        Bans([BanEntry(name, HOSTILE, HOSTILE, name, HOSTILE)]),
        *(
            NewMessage(Message(1, AT, name, HOSTILE, Notice(act, name, name, 1, 60, HOSTILE)), own=False)
            for act in ACTS
        ),
    ]
    visits: list[ClientEvent] = [Joined(name, AT), Left(name, AT, HOSTILE)]
    for piece in event + visits:
        shown = text_of(output.render(piece) or output.end_waiting())
        assert shown
        assert not [char for char in shown if char != "\n" and not char.isprintable()], piece
        assert not any(line.startswith("Боря") for line in shown.splitlines())
    assert all(text_of(line).isprintable() for line in output.unsent([HOSTILE, name]))


def test_a_name_has_one_line() -> None:
    assert one_line(" Анна\n\t Боря\x1b ") == "Анна Боря"


def test_older_messages_have_a_title_and_the_requested_one_is_highlighted() -> None:
    out = renderer().render(OlderMessages([message(n) for n in range(1040, 1045)], target=1043))
    assert text_of(out).startswith("── сообщение #1043 ──\n")
    assert [text for style, text in out if style == "class:highlight"] == ["сообщение 1043"]
    assert text_of(renderer().render(OlderMessages([message(7), message(8)]))).startswith(
        "── раньше · #7–#8 ──\n"
    )
    assert text_of(renderer().render(SearchResults([message(7)], True, "семь"))).startswith(
        "── семь: 1 сообщение ──\n"
    )
    assert text_of(renderer().render(SearchResults([], False, "семь"))) == "» Не нашлось: семь\n"
    assert text_of(renderer().render(OlderMessages((), 5))) == "» Сообщения #5 нет.\n"
    assert text_of(renderer().render(OlderMessages(()))) == "» Более ранних сообщений нет.\n"


def test_after_a_reconnect_missed_messages_are_counted() -> None:
    event = Entered("Анна", True, False, [message(60)], 37, ["Анна"])
    lines = text_of(renderer().render(event)).splitlines()
    assert lines[:2] == ["Снова на связи.", "Пропущено 37 сообщений; показать: /history"]
    assert lines[-1].endswith("#60")


def test_the_room_is_named_at_the_entry_and_when_that_changes() -> None:
    event = Entered("Анна", False, False, [], 0, ["Анна"], title="Класс 9Б", welcome="Привет!")
    lines = text_of(renderer().render(event)).splitlines()
    assert lines[:3] == ["Класс 9Б", "Привет!", "Вы вошли как Анна."]
    assert "Класс" not in text_of(renderer().render(replace(event, rejoined=True)))
    assert text_of(renderer().render(About("Сети"))) == "Сети\n"


def test_leaving_oneself_is_not_explained() -> None:
    assert text_of(renderer().render(Ended("kicked"))) == "✗ Вас удалили из чата.\n"
    assert renderer().render(Ended("left")) == []


def test_of_many_unsent_messages_the_newest_are_shown() -> None:
    lines = list(map(text_of, renderer().unsent([f"текст {n}\nещё строка" for n in range(9)])))
    assert lines[0] == "  … и ещё 5"
    assert len(lines) == 5
    assert lines[-1] == "  … текст 8 ещё строка"


def told(notice: Notice, lang: str = "ru") -> str:
    event = NewMessage(Message(5, AT, "Сервер", "по-русски", notice), own=False)
    return text_of(renderer(lang=lang).render(event)).splitlines()[1]


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
        (Notice("unban", "Вера", "Боря"), "Вера снова открывает вход: Боря", "Вера unbans Боря"),
        (Notice("unban", "Вера"), "Вера снова открывает вход по адресу", "Вера unbans an address"),
        (
            Notice("mute", "Вера", "Боря", seconds=600),
            "Вера запрещает писать на 10 мин: Боря",
            "Вера mutes Боря for 10 min",
        ),
        (Notice("unmute", "Вера", "Боря"), "Вера снова разрешает писать: Боря", "Вера unmutes Боря"),
        (Notice("delete", "Вера", id=3), "Вера удаляет сообщение #3", "Вера deletes message #3"),
        (Notice("announce", "Вера", text="Обед"), "Объявление (Вера): Обед", "Announcement (Вера): Обед"),
        (Notice("topic", "Вера", text="Обед"), "Вера задаёт тему: Обед", "Вера sets the topic: Обед"),
        (Notice("topic", "Вера"), "Вера убирает тему", "Вера clears the topic"),
    ],
)
def test_notices_in_both_languages(notice: Notice, russian: str, english: str) -> None:
    assert told(notice) == f"05:43 {russian}  #5"
    assert told(notice, "en") == f"05:43 {english}  #5"


def test_an_unknown_notice_is_shown_in_the_servers_words() -> None:
    assert told(Notice("crown", "Анна", "Борис"), "en") == "05:43 по-русски  #5"


def test_deleted_messages_and_leaving() -> None:
    gone = text_of(renderer().render(NewMessage(Message(7, AT, "Боря", "", deleted=True), own=False)))
    assert gone.endswith("05:43 Боря: сообщение удалено  #7\n")
    for reason in ("kicked", "banned"):
        assert renderer().render(Left("Боря", AT, reason)) == []  # a notice has explained it
    assert visits_of(Left("Боря", AT)) == "05:43 ← Боря больше не в чате"
    assert visits_of(Joined("Боря", AT)) == "05:43 → Боря теперь здесь"
    slow = Left("Боря", AT, "slow")
    assert visits_of(slow) == "05:43 ← Боря больше не в чате: слишком медленная связь"


def visits_of(*visits: Joined | Left) -> str:
    output = renderer()
    assert [output.render(visit) for visit in visits] == [[]] * len(visits)
    (before,) = map(text_of, output.waiting())
    date, line = text_of(output.end_waiting()).splitlines()
    assert date == "── 22 ноября 2026 ──"
    assert (before, output.waiting()) == (f"{line}\n", [])
    return line


def test_who_comes_and_goes_is_told_in_one_line() -> None:
    names: list[Joined | Left] = [Joined("Вера", AT), Joined("Боря", AT), Left("Глеб", AT), Left("Вера", AT)]
    assert visits_of(*names[:2]) == "05:43 → Вера, Боря"
    assert visits_of(*names) == "05:43 → Боря · ← Глеб · ↔ Вера"


def test_who_comes_and_goes_is_told_before_what_is_shown_next() -> None:
    output = renderer()
    output.render(Joined("Вера", AT))
    shown = text_of(output.render(NewMessage(message(7), own=False))).splitlines()
    assert shown == ["── 22 ноября 2026 ──", "05:43 → Вера теперь здесь", "05:43 Боря: сообщение 7  #7"]


@pytest.mark.parametrize(
    ("event", "russian", "english"),
    [
        (RequestFailed("not_found", "Вера", None, Whois("Вера")), "Не нашлось: Вера", "Not found: Вера"),
        (RequestFailed("not_found", "#7"), "Не нашлось: #7", "Not found: #7"),
        (
            RequestFailed("is_moderator", "?", None, Moderate("kick", "Вера")),
            "/kick Вера — Это модератор: так нельзя.",
            "/kick Вера — You cannot do that to a moderator.",
        ),
        (
            RequestFailed("too_many", "?", None, Moderate("ban", "::/0")),
            "/ban ::/0 — Так вход закрылся бы слишком многим.",
            "/ban ::/0 — That would ban too many people.",
        ),
        (
            RequestFailed("bad_target", "?", None, Moderate("ban", "a:b")),
            "/ban a:b — Это не имя и не адрес.",
            "/ban a:b — This is neither a name nor an address.",
        ),
        (
            RequestFailed("not_moderator", "?", None, Bans()),
            "/bans — Это может только модератор.",
            "/bans — Only a moderator may do that.",
        ),
        (RequestFailed("too_fast", "?", 3.0), "Слишком часто. Подождите 3 с.", "Too fast. Wait 3 s."),
        (Ended("banned", 7199.5), "Вход закрыт ещё на 2 ч.", "You are banned for another 2 h."),
        (Ended("banned"), "Вход закрыт навсегда.", "You are banned for good."),
        (Ended("address_banned"), "Вход закрыт.", "You are banned."),
        (
            NameRefused("name_reserved", "?"),
            "Это имя занято самим чатом или программой. Попробуйте другое.",
            "This name is kept for the chat itself or for a program. Try another one.",
        ),
    ],
)
def test_errors_in_both_languages(event: ClientEvent, russian: str, english: str) -> None:
    assert text_of(renderer().render(event)) == f"✗ {russian}\n"
    assert text_of(renderer(lang="en").render(event)) == f"✗ {english}\n"


def test_bans_and_addresses() -> None:
    entries = [BanEntry("Боря", AT, None, "Вера"), BanEntry("203.0.113.0/24", AT, AT, "Вера", "спам")]
    assert text_of(renderer().render(Bans(entries))) == (
        "» Боря · навсегда · Вера\n» 203.0.113.0/24 · до 22.11.2026 05:43 · Вера. Причина: спам\n"
    )
    assert text_of(renderer().render(Bans())) == "» Вход никому не закрыт.\n"
    assert text_of(renderer().render(Whois("Боря", ["203.0.113.7", "::1"]))) == "» Боря: 203.0.113.7, ::1\n"


def test_the_topic_is_shown_on_entering_and_again_only_if_it_may_have_been_missed() -> None:
    topic = Topic(7, AT, "Ве\x1bра", "Разбор\x9b31m в 15:00")
    entered = Entered("Анна", False, False, (), 0, ("Анна",), topic=topic)
    line = "Тема: Разбор в 15:00 — Вера, 22.11. 05:43\n"
    assert text_of(renderer().render(entered)).endswith(line)
    assert line not in text_of(renderer().render(replace(entered, rejoined=True)))
    assert line in text_of(renderer().render(replace(entered, rejoined=True, missed=1)))
    assert text_of(renderer(lang="en").topic(None)) == "» No topic is set.\n"
