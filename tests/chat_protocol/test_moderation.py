from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.contract import MAX_SANCTION_SECONDS
from chat_protocol.messages import Authenticate, Bans, Moderate, Whois
from chat_protocol.moderation import VERBS, Order, UsageError, parse_command


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("/moderator открой, это я", Authenticate("открой, это я")),
        ("/kick Боб", Moderate("kick", "Боб")),
        ("  /KICK   Боб Марли :  спам: опять ", Moderate("kick", "Боб Марли", text="спам: опять")),
        ("/kick Боб 10m", Moderate("kick", "Боб 10m")),
        ("/kick Боб:", Moderate("kick", "Боб")),
        ("/ban Боб", Moderate("ban", "Боб")),
        ("/ban 5m", Moderate("ban", "5m")),
        ("/ban 5m 5m", Moderate("ban", "5m", seconds=300)),
        ("/ban Анна 2 1h", Moderate("ban", "Анна 2", seconds=3600)),
        ("/ban Анна 2", Moderate("ban", "Анна 2")),
        ("/ban Боб v2", Moderate("ban", "Боб v2")),
        ("/ban Боб Марли 2ч: спам", Moderate("ban", "Боб Марли", seconds=7200, text="спам")),
        ("/ban 203.0.113.7 30s", Moderate("ban", "203.0.113.7", seconds=30)),
        ("/ban 2001:db8::/32 1d: спам", Moderate("ban", "2001:db8::/32", seconds=86400, text="спам")),
        ("/ban 2001:db8::", Moderate("ban", "2001:db8::")),
        ("/ban 2001:db8:: 1Д", Moderate("ban", "2001:db8::", seconds=86400)),
        ("/ban 2001:db8:: : спам", Moderate("ban", "2001:db8::", text="спам")),
        ("/unban Боб 10m", Moderate("unban", "Боб 10m")),
        ("/mute Боб", Moderate("mute", "Боб")),
        ("/mute Боб 10м: тише", Moderate("mute", "Боб", seconds=600, text="тише")),
        ("/mute Боб 3660d", Moderate("mute", "Боб", seconds=MAX_SANCTION_SECONDS)),
        ("/unmute Боб", Moderate("unmute", "Боб")),
        ("/delete #1043", Moderate("delete", id=1043)),
        ("/delete 1043: адрес", Moderate("delete", id=1043, text="адрес")),
        ("/announce в 5: перерыв 10m", Moderate("announce", text="в 5: перерыв 10m")),
        ("/whois Боб Марли", Whois("Боб Марли")),
        ("/bans", Bans()),
    ],
)
def test_what_a_line_means(line: str, order: Order) -> None:
    assert parse_command(line) == order


@pytest.mark.parametrize(
    "line",
    [
        *[f"/{verb}" for verb in sorted(VERBS - {"bans"})],
        "/bans all",
        "/kick : спам",
        "/delete",
        "/delete #0",
        "/delete #1 #2",
        "/delete -1",
        "/delete " + "9" * 16,
        "/delete ٣",
    ],
)
def test_what_lacks_something_is_a_misuse(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(line)
    assert caught.value.verb == line.split(maxsplit=1)[0][1:]
    assert (caught.value.kind, caught.value.time) == ("misuse", "")


@pytest.mark.parametrize(
    "time", ["0m", "3661d", "999999999d", "10z", "10мин", "1h30m", "1.5h", "1,5ч", "9999999999s"]
)
@pytest.mark.parametrize("line", ["/ban Боб {}", "/mute Боб Марли {}: тише", "/ban 10.0.0.1 {}"])
def test_a_slip_in_a_time_is_no_part_of_the_name(line: str, time: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(line.format(time))
    assert caught.value.verb == line[1:].split(maxsplit=1)[0]
    assert (caught.value.kind, caught.value.time) == ("bad_time", time)


@pytest.mark.parametrize("line", ["", "/", "//kick Боб", "/kicking Боб", "kick Боб", "/who", "/help"])
def test_other_lines_are_no_orders(line: str) -> None:
    assert parse_command(line) is None


@given(st.sampled_from(sorted(VERBS)), st.text(max_size=40))
def test_nothing_typed_breaks_the_reading(verb: str, rest: str) -> None:
    with suppress(UsageError):
        assert parse_command(f"/{verb} {rest}") is not None
