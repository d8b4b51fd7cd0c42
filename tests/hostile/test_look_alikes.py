"""Names that look like a member's are refused, and ordinary names are not."""

import random
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from confusable_homoglyphs.confusables import confusables_data

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient

FLAGS = (
    *("--host", "127.0.0.1", "--port", "0", "--history", "memory"),
    *("--rate", "0", "--grace", "0", "--name-timeout", "0"),
)
PRESENT = ("alice", "Анна", "paypal", "Bob07", "Мaрия", "modern Dawn", "Νίκος", "Zoë", "ПЁТР", "Eve-Lilith")

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180e\u3164\u115f\u2800\ufe0f\U000e0061"
BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# Written by hand, as an attacker would: not in the tables, or only in two steps.
BY_HAND = (
    *("аlice", "аlісе", "ALICE", "aIice", "a1ice", "ALlCE", "АLIСЕ", "ａｌｉｃｅ", "𝓪𝓵𝓲𝓬𝓮", "ⓐⓛⓘⓒⓔ", "ali̇ce"),
    *(" alice ", "al\u00adice", "aliсe", "alicе", "ɑlice", "alıce", "aӏice", "αlice", "a|ice", "alⅰce"),
    *("AHHA", "Aннa", "анна", "АННА", "Анна\u200b", "\u202eАнна", "Ан\u2060на", "Ａнна", "Aнна", "Ahha"),
    *("раураl", "paypaI", "paypa1", "PAYPAL", "рaypal", "payрal", "paγpal", "pаypаl", "раyрal", "paypaӏ"),
    *("BobO7", "Воb07", "В0Ь07", "Bo\u042c07", "bob07", "BOBO7", "Ꮟob07", "Bob０7", "B\u03bfb07", "BobО7"),
    *("Мария", "Mapия", "MAРИЯ", "rnodem Dawn", "modern Davvn", "rnodern clavvn", "MODERN DAWN"),
    *(
        "modern\u3000Dawn",
        "modern  Dawn",
        "νίκος",
        "ΝΊΚΟΣ",
        "Nίκος",
        "Νίκoς",
        "Ni\u0301κος".replace("i", "ί"),
    ),
    *("Zoe\u0308", "Zое\u0308", "ZOË", "ΖΟË", "Z0ë", "пётр", "ПЕ\u0308ТР", "ПЁTP"),
    *("Eve\u2010Lilith", "Eve\u2011Lilith", "Eve\u2212Lilith", "Ενе-Lilith", "Eve-LiIith", "EVE-LILITH"),
)

ORDINARY = (
    *("Алиса", "Аня", "Марина", "Ёлка", "Щукина-Грот", "Юлія", "Ђорђе", "Зоя Ивановна", "Ксения"),
    *("Boris", "Carol", "Dave", "Erin O'Neil", "François", "Søren", "Łukasz", "Ngọc Ánh", "José María"),
    *(
        "Günter",
        "Çağla",
        "Þórdís",
        "Ελένη",
        "Γιώργος",
        "Σωκράτης",
        "Ωμέγα",
        "李小龍",
        "さくら",
        "タロウ",
        "김민준",
    ),
    *("אבי", "שרה", "محمد", "فاطمة", "علي رضا", "नेहा", "தமிழ்", "สมชาย", "მარიამ", "Արամ", "ሰላም"),
    *("😀", "🚀 Ракета", "★ Звезда", "x_X_x", "R2-D2", "Агент 007", "tom@home", "C++", "i<3u", "Ж"),
)


def variants(name: str) -> Iterator[str]:
    """Yield names that look like `name` or are another spelling of it."""
    yield from (name.upper(), name.lower(), name.swapcase(), name.title(), f"  {name}\u3000")
    yield from (unicodedata.normalize(form, name) for form in ("NFD", "NFKD", "NFC"))
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    for position, char in enumerate(name):
        before, after = name[:position], name[position + 1 :]
        yield before + char.swapcase() + after
        yield before + char.translate(wide) + after
        for invisible in INVISIBLE + BIDI:
            yield before + invisible + char + after
        for look in look_alikes(char):
            yield before + look + after


def homoglyphs(char: str) -> list[str]:
    """Return the confusables of `char` by UTS 39, and the confusables of those."""
    found = [target["c"].strip("\u200e") for target in confusables_data.get(char, ())]
    found += [again["c"].strip("\u200e") for look in found for again in confusables_data.get(look, ())]
    return found


def mixed_look_alikes(rng: random.Random, count: int) -> Iterator[str]:
    """Yield names of members with some characters replaced by look-alikes."""
    for _ in range(count):
        name = rng.choice(PRESENT)
        yield "".join(rng.choice(look_alikes(char)) for char in name)


def look_alikes(char: str) -> list[str]:
    """Return `char` and everything that may stand for it."""
    return [char, char.swapcase(), *homoglyphs(char), *homoglyphs(char.swapcase())]


@pytest.fixture
def program() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program


@pytest.mark.timeout(180 * ROUNDS)
def test_no_look_alike_of_a_member_can_join(program: Program) -> None:
    corpus = {*BY_HAND, *(variant for name in PRESENT for variant in variants(name))}
    corpus |= set(mixed_look_alikes(random.Random(39), 2000 * ROUNDS))
    tried = sorted(name for name in corpus if len(name) <= 32)
    assert len(BY_HAND) >= 60
    assert len(tried) > 2000
    with ExitStack() as stack:
        for name in PRESENT:
            stack.enter_context(JsonClient(program.address)).join(name, history=0)
        attacker = stack.enter_context(JsonClient(program.address))
        attacker.expect(PROMPT)
        for name in tried:
            attacker.say_json(type="join", name=name)
            answer = attacker.expect_json(type="error")  # never a welcome
            # Without its digits and signs, one may look like a word of the room: "all".
            assert answer["code"] in {"name_taken", "name_invalid", "name_reserved"}, ascii(name)
            if suggestion := answer.get("suggestion"):  # otherwise it would help an impostor
                assert suggestion.rpartition(" ")[0].casefold() in {shown.casefold() for shown in PRESENT}


def test_a_suggested_name_can_join(program: Program) -> None:
    with ExitStack() as stack:
        wanted = "alice"
        stack.enter_context(JsonClient(program.address)).join(wanted)
        for _ in range(5):
            client = stack.enter_context(JsonClient(program.address))
            client.expect(PROMPT)
            client.say_json(type="join", name="ALICE")
            suggestion = client.expect_json(type="error", code="name_taken")["suggestion"]
            client.say_json(type="join", name=suggestion)
            assert client.expect_json(type="welcome")["name"] == suggestion


def test_ordinary_names_can_join(program: Program) -> None:
    assert len(ORDINARY) >= 40
    with ExitStack() as stack:
        for name in (*PRESENT, *ORDINARY):
            client = stack.enter_context(JsonClient(program.address))
            assert client.join(name, history=0)["name"] == unicodedata.normalize("NFKC", name)
