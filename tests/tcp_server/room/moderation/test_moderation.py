"""What moderators do, without sockets: rights, kicks, mutes, deletions, announcements."""

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Help
from chat_protocol.contract import SYSTEM_NAME
from tcp_server.log.history import MemoryHistory, Unavailable
from tcp_server.room.commands import HelpText
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tests.tcp_server.court import SECRET, ban, room, tries
from tests.tcp_server.hall import Hall

# --- who may -------------------------------------------------------------------------


@pytest.mark.parametrize(("password", "moderated"), [("страж", True), ("", False)])
def test_a_welcome_says_whether_there_can_be_moderators(password: str, moderated: bool) -> None:
    welcome = Hall(moderator_password=password).join("a", "Анна")
    assert (welcome.moderated, welcome.moderator) == (moderated, False)


def test_the_password_makes_a_moderator_of_all_connections_and_nobody_else_hears() -> None:
    hall = Hall(moderator_password="страж")
    session = hall.join("a", "Анна").session
    hall.join("a2", "", session=session)
    hall.introduce("b", "Боб")
    hall.heard("a"), hall.heard("a2")
    hall.do("a", m.Authenticate("страж"), m.Authenticate("страж"))
    assert hall.summary("a") == ["role True", "role True"]
    assert hall.summary("a2") == ["role True"]
    assert hall.heard("b") == []
    assert hall.join("a3", "", session=session).moderator


@pytest.mark.parametrize("tried", ["", "стра", "стражи", "СТРАЖ", "a\0b"])
@pytest.mark.parametrize("configured", ["", "страж"])
def test_another_password_does_not(configured: str, tried: str) -> None:
    hall = Hall(moderator_password=configured)
    hall.join("a", "Анна")
    hall.do("a", m.Authenticate(tried), m.Moderate("announce", text="я"))
    assert hall.summary("a") == ["error password_wrong", "error not_moderator"]


def test_a_password_fits_however_its_letters_are_composed() -> None:
    hall = Hall(moderator_password="\u0439")
    hall.join("a", "Анна")
    hall.do("a", m.Authenticate("\u0438\u0306"))
    assert hall.summary("a") == ["role True"]


def test_a_moderator_is_one_until_leaving_for_good() -> None:
    hall = Hall(moderator_password="страж")
    session = hall.enthrone("a", "Анна").session
    hall.leave("a")
    hall.wait(10)
    assert hall.join("a2", "Анна", session=session).moderator
    hall.leave("a2", hold_name=False)
    assert not hall.join("a3", "Анна", session=session).moderator


@pytest.mark.parametrize(
    "command",
    [
        m.Moderate("kick", "Анна"),
        m.Moderate("ban", "10.0.0.1"),
        m.Moderate("delete", id=1),
        m.Moderate("announce", text="всем"),
        m.Whois("Анна"),
        m.Bans(),
    ],
)
def test_others_may_nothing_of_it(command: m.Moderate | m.Whois | m.Bans) -> None:
    hall = room()
    hall.do("c", m.Say("раз"))
    hall.do("c", command)
    assert hall.summary("c") == ["error not_moderator"]
    assert hall.summary("a") == ["#1 Вера: раз"]
    assert set(hall.audience) == {"a", "b", "c"}


@pytest.mark.parametrize("act", ["kick", "ban", "mute"])
def test_nobody_acts_against_a_moderator(act: m.Act) -> None:
    hall = room()
    hall.do("b", m.Authenticate("страж"))
    hall.heard("b")
    hall.act("a", act, "боб")
    hall.act("a", act, "Анна")
    assert hall.summary("a") == ["error is_moderator"] * 2
    hall.leave("b")  # and not behind the back either
    hall.act("a", act, "Боб")
    assert hall.summary("a") == ["error is_moderator"]
    assert hall.heard("c") == []


@pytest.mark.parametrize("act", ["kick", "mute", "unmute", "unban"])
@pytest.mark.parametrize("target", ["Гость", "10.0.0.1", "боб2"])
def test_against_nobody_nothing_is_done(act: m.Act, target: str) -> None:
    hall = room()
    hall.act("a", act, target)
    no_name = target == "10.0.0.1" and act in ("kick", "mute")
    assert hall.summary("a") == ["error bad_target" if no_name else "error not_found"]
    assert hall.heard("c") == []


@pytest.mark.parametrize(
    ("act", "target"),
    [("kick", "Гость 2"), ("unmute", "Боб"), ("unban", "Боб"), ("unban", "2001:DB8::7"), ("delete", "#9")],
)
def test_what_is_not_found_is_named(act: m.Act, target: str) -> None:
    hall = room()
    if act == "delete":
        hall.act("a", act, id=int(target[1:]))
    else:
        hall.act("a", act, target)
    assert hall.heard("a") == [m.Error("not_found", target)]


@pytest.mark.parametrize(
    "target", ["", " ", "a:b", "\x1b", "я" * 40, SYSTEM_NAME, "10.0.0.0/33", "2001:db8::/a", "10.0.0"]
)
def test_what_is_neither_a_name_nor_an_address_cannot_be_banned(target: str) -> None:
    hall = room()
    hall.act("a", "ban", target)
    allowed = target == "10.0.0"  # somebody may be called so
    assert hall.summary("a") == (
        ["#1 Сервер: Анна закрывает вход навсегда: 10.0.0"] if allowed else ["error bad_target"]
    )


@pytest.mark.parametrize(
    "name", ["203.0.113.7", "\uff12\uff10\uff13.0.113.7", "203.0.113.0/24", "10.0.0.1/x"]
)
def test_nobody_is_called_like_an_address(name: str) -> None:
    assert tries(Hall(), "b", m.Join(name)) == ["error name_invalid"]


def test_help_shows_moderators_more() -> None:
    hall = room()
    hall.do("a", Help())
    hall.do("c", Help())
    assert hall.heard("a") == [HelpText(moderator=True)]
    assert hall.heard("c") == [HelpText(moderator=False)]


# --- kick ----------------------------------------------------------------------------


def test_a_kick_is_told_to_all_and_takes_all_connections() -> None:
    hall = room()
    hall.join("b2", "", session=SECRET)
    hall.act("a", "kick", "БОБ", text="спам\nАнна: и ложь\x1b[31m")
    told = "#1 Сервер: Анна удаляет из чата: Боб. Причина: спам Анна: и ложь[31m"
    assert hall.summary("a") == [told, "left Боб kicked"]
    assert hall.summary("c") == [told, "left Боб kicked"]
    assert hall.summary("b") == hall.summary("b2") == [told, "bye kicked"]
    assert set(hall.audience) == {"a", "c"}
    assert hall.room.handle("b", [m.Say("ещё", "r")]) == []
    hall.wait(100)
    assert hall.heard("c") == []
    (kept,) = hall.history.before(2, 10)
    assert kept.name == SYSTEM_NAME
    assert kept.notice == m.Notice("kick", "Анна", "Боб", text="спам Анна: и ложь[31m")
    assert hall.join("b3", "Боб", session=SECRET).name == "Боб"  # a kick keeps nobody out


def test_who_is_only_awaited_can_be_kicked() -> None:
    hall = room()
    hall.leave("b")
    hall.act("a", "kick", "Боб")
    assert hall.summary("c")[-1] == "left Боб kicked"
    assert hall.join("d", "Боб").members == ["Анна", "Вера", "Боб"]


# --- mute ----------------------------------------------------------------------------


def test_whoever_is_mute_is_not_heard_for_that_time() -> None:
    hall = room()
    hall.do("b", m.Say("до", "r1"))
    hall.act("a", "mute", "Боб", seconds=60)
    hall.act("a", "mute", "Вера")
    told = [f"Сервер: Анна запрещает писать на {whom}" for whom in ("1 мин: Боб", "10 мин: Вера")]
    assert hall.summary("c") == ["#1 Боб: до", f"#2 {told[0]}", f"#3 {told[1]}"]
    hall.heard("a"), hall.heard("b")
    hall.wait(10)
    hall.do("b", m.Say("раз", "r2"), m.Say("до", "r1"), m.Say("два", "r3"), m.Typing())
    muted, again, also = hall.heard("b")
    assert muted == m.Error("muted", "you cannot write", "r2", 50.0)
    assert isinstance(again, m.Ack)
    assert again.id == 1
    assert also == m.Error("muted", "you cannot write", "r3", 50.0)
    hall.do("c", m.Say("раз"), m.Say("два"), m.Typing())
    assert hall.summary("c") == ["error muted"]
    assert hall.heard("a") == []
    hall.wait(50)
    hall.do("b", m.Say("раз", "r2"))
    assert hall.summary("a") == ["#4 Боб: раз"]


def test_another_name_does_not_help_who_shows_the_same_session() -> None:
    hall = room()
    hall.act("a", "mute", "Боб")
    hall.leave("b", hold_name=False)
    hall.join("b2", "Боба", session=SECRET)
    hall.heard("a")
    hall.do("b2", m.Say("раз", "r"))
    assert hall.summary("b2") == ["error muted r"]
    hall.act("a", "unmute", "Боба")
    assert hall.summary("a") == ["#2 Сервер: Анна снова разрешает писать: Боб"]
    hall.do("b2", m.Say("раз", "r"))
    assert hall.summary("a") == ["#3 Боба: раз"]


# --- delete --------------------------------------------------------------------------


def test_what_is_deleted_keeps_its_number_and_its_ack_but_no_text() -> None:
    hall = room()
    epoch = hall.history.epoch
    hall.do("b", m.Say("секрет", "r"))
    hall.do("c", m.Say("ответ"))
    hall.heard("a"), hall.heard("b"), hall.heard("c")
    hall.act("a", "delete", id=1, text="адрес")
    told = "#3 Сервер: Анна удаляет сообщение #1. Причина: адрес"
    assert hall.summary("a") == hall.summary("b") == hall.summary("c") == [told]
    (notice,) = hall.history.before(4, 1)
    assert notice.notice == m.Notice("delete", "Анна", id=1, text="адрес")
    tombstone = m.Message(1, notice.at, "Боб", "", deleted=True)
    welcome = hall.join("d", "Дина", since=m.Mark(epoch, 0))
    hall.do("d", m.HistoryRequest())
    (page,) = hall.heard("d")
    assert isinstance(page, m.HistoryPage)
    for shown in (welcome.messages, page.messages):
        assert [message.id for message in shown] == [1, 2, 3]
        assert (shown[0].text, shown[0].deleted, shown[0].name) == ("", True, tombstone.name)
    hall.do("b", m.Say("секрет", "r"))
    assert hall.summary("b")[-1] == "ack r #1"
    hall.act("a", "delete", id=1)
    hall.act("a", "delete", id=99)
    hall.act("a", "delete")
    assert hall.summary("a")[-3:] == ["error not_found", "error not_found", "error bad_field"]


def test_what_moderators_did_stays_told_but_an_announcement_can_be_taken_back() -> None:
    hall = room()
    hall.act("a", "kick", "Боб")
    hall.act("a", "announce", text="ой, пароль: сезам")
    hall.heard("a")
    hall.act("a", "delete", id=1)
    hall.act("a", "delete", id=2)
    assert hall.summary("a") == ["error bad_target", "#3 Сервер: Анна удаляет сообщение #2"]
    assert [(kept.text, kept.notice) for kept in hall.history.before(3, 1)] == [("", None)]


def test_what_is_not_kept_cannot_be_deleted() -> None:
    hall = Hall(MemoryHistory(0), moderator_password="страж")
    hall.enthrone("a", "Анна")
    hall.do("a", m.Say("раз", "r"), m.Moderate("delete", id=1))
    assert hall.summary("a") == ["ack r #1", "error not_found"]


# --- announce, whois, bans -----------------------------------------------------------


def test_an_announcement_is_the_rooms_and_one_line() -> None:
    hall = room(max_text=40)
    hall.act("a", "announce", text="перерыв\nБоб: \u202eда")
    for connection in "abc":
        assert hall.summary(connection) == ["#1 Сервер: Объявление (Анна): перерыв Боб: да"]
    hall.act("a", "announce", text="\u3164 \n")
    hall.act("a", "announce", text="а" * 41)
    assert hall.summary("a") == ["error blank", "error too_long"]


def test_whois_tells_a_moderator_all_addresses() -> None:
    hall = room()
    hall.addresses = {"b": "203.0.113.7", "b2": "2001:db8::7", "b3": "203.0.113.7"}
    for connection in ("b2", "b3"):
        hall.join(connection, "", session=SECRET)
    hall.do("a", m.Whois(" боб "), m.Whois("Вера"), m.Whois("Гость"))
    bob, vera, nobody = hall.heard("a")
    assert bob == m.Whois("Боб", ["2001:db8::7", "203.0.113.7"])
    assert vera == m.Whois("Вера", [])
    assert nobody == m.Error("not_found", "Гость")
    assert hall.heard("b") == []


def test_the_bans_are_listed_until_they_end() -> None:
    hall = room()
    ban(hall, "Боб", text="спам")
    ban(hall, "203.0.113.7/24", seconds=60)
    hall.do("a", m.Bans())
    (listed,) = hall.heard("a")
    assert isinstance(listed, m.Bans)
    bob, network = listed.bans
    assert (bob.target, bob.until, bob.by, bob.text) == ("Боб", None, "Анна", "спам")
    assert network.target == "203.0.113.0/24"
    assert network.until is not None
    assert network.until.endswith("Z")
    hall.wait(60)
    hall.do("a", m.Bans())
    assert hall.heard("a") == [m.Bans([bob])]


# --- what is kept of it ----------------------------------------------------------------


class Notebook(AuditLog):
    """A audit_log in memory that can be told to fail."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kept: list[Entry] = []
        self.full = False

    def record(self, entry: Entry) -> None:
        if self.full:
            raise Unavailable("the act could not be recorded")
        self.kept.append(entry)


def test_each_act_is_recorded_with_the_addresses_of_both() -> None:
    notebook = Notebook()
    hall = Hall(audit_log=notebook, moderator_password="страж")
    hall.addresses = {"a": "198.51.100.1", "b": "203.0.113.7"}
    hall.enthrone("a", "Анна")
    hall.join("b", "Боб")
    hall.do("b", m.Say("раз", "r"))
    hall.act("a", "delete", id=1)
    hall.act("a", "kick", "Боб", text="спам")
    hall.act("a", "ban", "203.0.113.0/24", seconds=60)
    role, delete, kick, network = notebook.kept
    for entry in notebook.kept:
        assert (entry.by, entry.address) == ("Анна", "198.51.100.1")
    assert role.act == "moderator"
    assert (delete.act, delete.id, delete.target) == ("delete", 1, "Боб")
    assert (kick.act, kick.target, kick.addresses, kick.text) == ("kick", "Боб", ["203.0.113.7"], "спам")
    assert len(bytes.fromhex(kick.session)) == 16
    assert (network.act, network.target, network.seconds) == ("ban", "203.0.113.0/24", 60)


def test_what_cannot_be_recorded_does_not_happen() -> None:
    notebook = Notebook()
    hall = Hall(audit_log=notebook, moderator_password="страж")
    hall.enthrone("a", "Анна")
    hall.join("b", "Боб")
    hall.do("b", m.Say("раз", "r"))
    hall.heard("a"), hall.heard("b")
    notebook.full = True
    hall.act("a", "kick", "Боб")
    hall.act("a", "ban", "Боб")
    hall.act("a", "mute", "Боб")
    hall.act("a", "delete", id=1)
    hall.do("b", m.Authenticate("страж"))
    assert hall.summary("a") == ["error unavailable"] * 4
    assert hall.summary("b") == ["error unavailable"]
    hall.do("b", m.Say("два", "s"))
    assert hall.summary("a") == ["#2 Боб: два"]
    assert [message.text for message in hall.history.before(3, 9)] == ["раз", "два"]


class FullDisk(MemoryHistory):
    """A log that takes nothing."""

    def commit(self) -> None:
        self.rollback_to(0)
        raise Unavailable


def test_a_notice_that_the_log_does_not_take_is_not_told_but_the_act_stands() -> None:
    hall = Hall(FullDisk(100), moderator_password="страж")
    hall.enthrone("a", "Анна")
    hall.join("b", "Боб")
    hall.heard("a")
    hall.act("a", "kick", "Боб")
    assert hall.summary("a") == ["error unavailable", "left Боб kicked"]
    assert hall.summary("b") == ["bye kicked"]
